using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes.Masks;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Shows images and masks: writes them to the temporary folder, quickly compressed.</summary>
internal sealed class PreviewImageNodes
{
    private const int Compression = 1;
    private const int SuffixLength = 5;
    private const string SuffixLetters = "abcdefghijklmnopqrstupvxyz";

    /// <summary>One name for the life of the node, so that prompts in a row number on.</summary>
    private string? _prefix;

    [Node("PreviewImage", Display = "Preview Image", Category = "image", Description = "Shows the images without keeping them.", IsOutput = true, MemoryFactor = 1)]
    public Ui Preview(
        ImageBatch images,
        [Hidden(HiddenInput.Prompt)] JsonObject? prompt,
        [Hidden(HiddenInput.ExtraPngInfo)] JsonNode? extra_pnginfo,
        NodeContext context)
    {
        _prefix ??= $"ComfyUI_temp_{new string(context.Random.GetItems<char>(SuffixLetters, SuffixLength))}";
        return Ui.Images(ImageSaver.Save(
            images, _prefix, context.Folders.Temp, "temp", Compression, prompt, extra_pnginfo, context));
    }

    [Node(
        "MaskPreview",
        MemoryFactor = 8,
        Category = "mask",
        Module = "comfy_extras.nodes_mask",
        Description = "Shows the masks without keeping them.",
        IsOutput = true)]
    public Ui PreviewMask(
        Mask mask,
        [Hidden(HiddenInput.Prompt)] JsonObject? prompt,
        [Hidden(HiddenInput.ExtraPngInfo)] JsonNode? extra_pnginfo,
        NodeContext context) =>
        Preview(MaskNodes.ToImage(mask), prompt, extra_pnginfo, context);
}
