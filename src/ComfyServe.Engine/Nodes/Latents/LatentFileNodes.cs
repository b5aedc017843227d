using System.Text.Json.Nodes;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using ComfyServe.Workflows.Json;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Latents;

/// <summary>Latents in files: safetensors with one tensor, which carry their workflow.</summary>
internal static class LatentFileNodes
{
    private const string Ending = ".latent";
    private const string TensorName = "latent_tensor";

    /// <summary>A file without this tensor is older and holds latents that are scaled for the network.</summary>
    private const string UnscaledMark = "latent_format_version_0";

    private const double ScaleOfOldFiles = 0.18215;

    [Node("SaveLatent", Category = "_for_testing", IsOutput = true)]
    public static Ui Save(
        Latent samples,
        [Input(Default = "latents/ComfyUI")] string filename_prefix,
        [Hidden(HiddenInput.Prompt)] JsonObject? prompt,
        [Hidden(HiddenInput.ExtraPngInfo)] JsonNode? extra_pnginfo,
        NodeContext context)
    {
        var target = OutputFileName.Next(filename_prefix, context.Folders.Output, 0, 0, context.Clock.GetLocalNow(), context.Folders.Numbers, Ending);
        var file = $"{target.Name}_{target.Counter:00000}_{Ending}";
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal) { [TensorName] = samples.Samples, [UnscaledMark] = zeros(0) };
        SafetensorsWriter.Write(Path.Combine(target.Folder, file), tensors, Texts(prompt, extra_pnginfo));
        context.Folders.Numbers.Wrote(target.Folder, target.Name, target.Counter);
        return new Ui().Add("latents", new SavedFile(file, target.Subfolder, "output").ToJson());
    }

    [Node("LoadLatent", Category = "_for_testing", Validate = nameof(Missing), IsChanged = nameof(Fingerprint))]
    public static Latent Load([ChoicesFrom(nameof(Files))] string latent, NodeContext context)
    {
        try
        {
            var path = Require(latent, context);
            context.Reserve(new FileInfo(path).Length * 4);
            using var file = SafetensorsFile.Open(path);
            if (!file.Contains(TensorName))
            {
                throw new NodeException("KeyError", $"'{TensorName}'");
            }

            var samples = file.Read(TensorName, ScalarType.Float32); // [N, C, H/8, W/8]
            return new Latent { Samples = file.Contains(UnscaledMark) ? samples : samples / ScaleOfOldFiles };
        }
        catch (CheckpointException exception)
        {
            throw new NodeException("ValueError", exception.Message, exception);
        }
    }

    private static IEnumerable<string> Files(EngineFolders folders) =>
        InputImages.AllFiles(folders).Where(f => f.EndsWith(Ending, StringComparison.Ordinal));

    private static string? Missing(string? latent, NodeContext context) =>
        latent is null || InputImages.Find(context.Folders, latent) is not null ? null : $"Invalid latent file: {latent}";

    private static string Fingerprint(string? latent, NodeContext context) => FileDigest.Of(Require(latent ?? "", context));

    private static string Require(string name, NodeContext context) =>
        InputImages.Find(context.Folders, name)
            ?? throw new FileNotFoundException($"[Errno 2] No such file or directory: '{Path.Combine(context.Folders.Input, name)}'");

    private static Dictionary<string, string> Texts(JsonObject? prompt, JsonNode? extra)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal) { ["prompt"] = PythonJson.Write(prompt) };
        foreach (var (name, value) in extra as JsonObject ?? [])
        {
            texts[name] = PythonJson.Write(value);
        }

        return texts;
    }
}
