using System.Globalization;
using ComfyServe.Diffusion.Adapters;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Guidance;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Nodes.Models;

/// <summary>Nodes that add a LoRA to loaded networks.</summary>
internal static class LoraNodes
{
    private const string Folder = "loras";

    [Node("LoraLoader", Display = "Load LoRA", Category = "loaders", Description = "Changes a model and its text encoder as a LoRA file says. Several can follow each other.")]
    [Outputs("MODEL", "CLIP", Tooltips = ["The changed network.", "The changed text encoder."])]
    public static (DiffusionModel, TextEncoder?) Load(
        [Input(Tooltip = "The network to change.")] DiffusionModel model,
        [Input(Tooltip = "The text encoder to change.")] TextEncoder? clip,
        [ModelFiles(Folder), Input(Tooltip = "The file.")] string lora_name,
        [Input(Default = 1.0, Min = -100.0, Max = 100.0, Step = 0.01, Tooltip = "How strongly the network changes; may be negative.")] double strength_model,
        [Input(Default = 1.0, Min = -100.0, Max = 100.0, Step = 0.01, Tooltip = "How strongly the text encoder changes; may be negative.")] double strength_clip,
        NodeContext context)
    {
        if (strength_model == 0 && strength_clip == 0)
        {
            return (model, clip);
        }

        var path = CheckpointFiles.Find(context, Folder, lora_name);
        try
        {
            return Apply(path, model, clip, strength_model, strength_clip, context.Models);
        }
        catch (CheckpointException e)
        {
            throw new NodeException("ValueError", e.Message, e);
        }
    }

    [Node("LoraLoaderModelOnly", Category = "loaders")]
    [Outputs("MODEL", Tooltips = ["The changed network.", "The changed text encoder."])]
    public static DiffusionModel LoadModelOnly(
        DiffusionModel model,
        [ModelFiles(Folder)] string lora_name,
        [Input(Default = 1.0, Min = -100.0, Max = 100.0, Step = 0.01)] double strength_model,
        NodeContext context) =>
        Load(model, null, lora_name, strength_model, 0, context).Item1;

    private static (DiffusionModel, TextEncoder?) Apply(
        string path, DiffusionModel model, TextEncoder? clip, double modelStrength, double clipStrength, ModelCache models)
    {
        using var lora = LoraFile.Open(path);
        var total = 0;
        if (modelStrength != 0)
        {
            var unet = models.GetOrLoad(
                Key(models, model.Unet, path, modelStrength),
                () =>
                {
                    var patched = Lora.Apply(model.Unet, lora, modelStrength, out var changed);
                    total += changed;
                    return patched;
                },
                model.Unet.ByteSize);
            model = model with { Unet = unet };
        }

        if (clipStrength != 0 && clip is not null)
        {
            var network = models.GetOrLoad(
                Key(models, clip.Network, path, clipStrength),
                () =>
                {
                    var patched = Lora.Apply(clip.Network, lora, clipStrength, out var changed);
                    total += changed;
                    return patched;
                },
                clip.Network.ByteSize);
            clip = clip with { Network = network };
        }

        var unused = lora.Unused.ToList();
        if (unused.Count > 0 && total > 0 && modelStrength != 0 && clipStrength != 0)
        {
            models.Warn($"'{path}': {unused.Count} tensors belong to no weight of the model, such as '{unused[0]}'");
        }

        return (model, clip);
    }

    private static string Key(ModelCache models, object network, string path, double strength) =>
        $"{models.IdentityOf(network)} with {CheckpointFiles.Identity(path)} × {strength.ToString("R", CultureInfo.InvariantCulture)}";
}
