using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Writes images to the output folder.</summary>
internal static class SaveImageNode
{
    private const int Compression = 4;

    [Node("SaveImage", Display = "Save Image", Category = "image", Description = "Saves the images to the output folder.", IsOutput = true, MemoryFactor = 1)]
    public static Ui Save(
        [Input(Tooltip = "The images to save.")] ImageBatch images,
        [Input(Default = "ComfyUI", Tooltip = "Start of the file names; `/` makes folders, tokens like %year% or %width% are filled in.")]
        string filename_prefix,
        [Hidden(HiddenInput.Prompt)] JsonObject? prompt,
        [Hidden(HiddenInput.ExtraPngInfo)] JsonNode? extra_pnginfo,
        NodeContext context) =>
        Ui.Images(ImageSaver.Save(
            images, filename_prefix, context.Folders.Output, "output", Compression, prompt, extra_pnginfo, context));
}
