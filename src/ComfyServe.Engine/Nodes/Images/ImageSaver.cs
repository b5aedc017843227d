using System.Text.Json.Nodes;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Values;
using ComfyServe.Hosting.Files;
using ComfyServe.Workflows.Json;
using ComfyServe.Workflows.Pictures;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Writes batches of images as numbered PNG files that carry their workflow.</summary>
internal static class ImageSaver
{
    private const string Ending = ".png";

    /// <summary>Writes every image of a batch.</summary>
    /// <param name="images">The images.</param>
    /// <param name="prefix">Folder and name, with tokens.</param>
    /// <param name="root">The folder below which files go.</param>
    /// <param name="type">What clients call that folder: <c>output</c> or <c>temp</c>.</param>
    /// <param name="compression">zlib level.</param>
    /// <param name="prompt">The workflow, for the text <c>prompt</c>.</param>
    /// <param name="extra">More texts by name, for example <c>workflow</c>.</param>
    /// <param name="context">For time tokens and running numbers.</param>
    /// <returns>The files, in order.</returns>
    public static IReadOnlyList<SavedFile> Save(
        ImageBatch images, string prefix, string root, string type, int compression, JsonObject? prompt, JsonNode? extra, NodeContext context)
    {
        var target = OutputFileName.Next(prefix, root, images.Width, images.Height, context.Clock.GetLocalNow(), context.Folders.Numbers, Ending);
        var texts = Texts(prompt, extra);
        var files = new List<SavedFile>();
        for (var index = 0; index < images.Count; index++)
        {
            Interruption.Check();
            var name = target.Name.Replace("%batch_num%", $"{index}", StringComparison.Ordinal);
            var file = $"{name}_{target.Counter + index:00000}_{Ending}";
            using var pixels = images.Tensor[index];
            Write(Path.Combine(target.Folder, file), PixelTensors.ToBytes(pixels), images, compression, texts);
            files.Add(new SavedFile(file, target.Subfolder, type));
        }

        context.Folders.Numbers.Wrote(target.Folder, target.Name, target.Counter + files.Count - 1);
        return files;
    }

    private static void Write(string path, byte[] pixels, ImageBatch images, int compression, IReadOnlyList<PngText> texts)
    {
        // A reader never sees half a file: it appears under its name when it is complete.
        var partial = Path.Combine(Path.GetDirectoryName(path)!, $".{Guid.NewGuid():N}.tmp");
        try
        {
            using (var output = PrivateFiles.Write(partial, FileMode.CreateNew, FileShare.None, bufferSize: 1 << 16))
            {
                PngWriter.Write(output, pixels, (int)images.Width, (int)images.Height, (int)images.Channels, compression, texts);
            }

            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    private static List<PngText> Texts(JsonObject? prompt, JsonNode? extra)
    {
        var texts = new List<PngText>();
        if (prompt is not null)
        {
            texts.Add(new PngText("prompt", PythonJson.Write(prompt)));
        }

        if (extra is JsonObject more)
        {
            texts.AddRange(more.Select(entry => new PngText(entry.Key, PythonJson.Write(entry.Value))));
        }

        return texts;
    }
}
