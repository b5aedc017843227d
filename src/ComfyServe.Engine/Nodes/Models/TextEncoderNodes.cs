using ComfyServe.Diffusion.Text;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Nodes.Models;

/// <summary>Nodes around the text encoder.</summary>
internal static class TextEncoderNodes
{
    [Node(
        "CLIPTextEncode",
        Memory = nameof(NodeMemory.OfPrompt), MemorySource = typeof(NodeMemory),
        Display = "CLIP Text Encode (Prompt)",
        Category = "conditioning",
        Description = "Encodes a prompt with the text encoder into what guides the diffusion network.")]
    [Outputs("CONDITIONING", Tooltips = ["The encoded prompt."])]
    public static Conditioning Encode(
        [Input(Multiline = true, DynamicPrompts = true, Tooltip = "The prompt.")] string text,
        [Input(Tooltip = "The text encoder.")] TextEncoder? clip,
        NodeContext context)
    {
        context.Limits.CheckPrompt(text.Length);
        if (clip is null)
        {
            throw new NodeException(
                "RuntimeError",
                "ERROR: clip input is invalid: None\n\nIf the clip is from a checkpoint loader node your checkpoint does not contain a valid clip or text encoder model.");
        }

        var encoding = PromptEncoder.Encode(clip.Network, clip.Tokenizer.Tokenize(text), clip.Layer);
        return new Conditioning([new() { Context = encoding.Hidden, Pooled = encoding.Pooled }]);
    }

    [Node("CLIPSetLastLayer", Display = "CLIP Set Last Layer", Category = "conditioning")]
    public static TextEncoder SetLastLayer(TextEncoder clip, [Input(Default = -1, Min = -24, Max = -1, Step = 1)] long stop_at_clip_layer) =>
        clip with { Layer = (int)stop_at_clip_layer };
}
