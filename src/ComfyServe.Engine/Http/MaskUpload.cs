using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Images;
using ComfyServe.Workflows.Pictures;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Engine.Http;

/// <summary>Puts the alpha of an uploaded picture on an image that is there already.</summary>
internal static class MaskUpload
{
    private const int Compression = 4;
    private static readonly ImageLimits Limits = new();

    /// <summary>The PNG to save; null where there is no such image: then nothing is written, and the caller is not told.</summary>
    /// <param name="folders">Where images are.</param>
    /// <param name="upload">The picture whose alpha counts.</param>
    /// <param name="reference"><c>{"filename": …, "subfolder": …, "type": …}</c> of the image.</param>
    /// <param name="target">Where the result goes; only <c>.png</c> is written.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidDataException">The reference is not such an object, the sizes differ, or the target is no PNG.</exception>
    public static async Task<byte[]?> ComposeAsync(
        EngineFolders folders, IFormFile upload, string? reference, string target, CancellationToken cancellationToken)
    {
        if (Find(folders, Parse(reference)) is not { } path)
        {
            return null;
        }

        using var uploaded = new MemoryStream();
        await upload.CopyToAsync(uploaded, cancellationToken);
        var original = await File.ReadAllBytesAsync(path, cancellationToken);
        var image = ImageDecoder.Decode(original, Path.GetFileName(path), Limits).Frames[0];
        var mask = ImageDecoder.Decode(uploaded.ToArray(), upload.FileName, Limits).Frames[0];
        if (image.Width != mask.Width || image.Height != mask.Height)
        {
            throw new InvalidDataException(
                $"the mask '{upload.FileName}' has {mask.Width}×{mask.Height} pixels, but '{path}' has {image.Width}×{image.Height}");
        }

        if (!Path.GetExtension(target).Equals(".png", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidDataException($"an image with a mask is saved as PNG, not as '{Path.GetFileName(target)}'");
        }

        using var output = new MemoryStream();
        PngWriter.Write(output, ViewImages.WithAlpha(image.Rgb, mask.Alpha), image.Width, image.Height, 4, Compression, PngTextReader.Read(original));
        return output.ToArray();
    }

    private static JsonObject Parse(string? reference) =>
        reference is not null && JsonBody.TryParse(Encoding.UTF8.GetBytes(reference), out var json) && json is JsonObject map && map["filename"] is JsonValue
            ? map
            : throw new InvalidDataException("'original_ref' must be a JSON object with 'filename'");

    private static string? Find(EngineFolders folders, JsonObject reference)
    {
        var name = reference["filename"]!.ToString();
        var type = DataFolders.CutType(ref name) ?? reference["type"]?.ToString() ?? "output";
        if (name.Length == 0 || name[0] == '/' || SafePath.GoesUp(name)
            || DataFolders.ByType(folders, type) is not { } root
            || DataFolders.AtOrBelow(root, reference["subfolder"]?.ToString() ?? "") is not { } folder)
        {
            return null;
        }

        return DataFolders.AtOrBelow(folder, name) is { } path && File.Exists(path) ? path : null;
    }
}
