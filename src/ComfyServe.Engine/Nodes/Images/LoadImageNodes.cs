using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Nodes that read image files.</summary>
internal static class LoadImageNodes
{
    private const string OutputFiles =
        """{"image_folder": "output", "remote": {"route": "/internal/files/output", "refresh_button": true, "control_after_refresh": "first"}}""";

    // Bytes of colours and alpha, then floats of both, and the batch of frames.
    private const int BytesPerPixel = 40;

    [Node("LoadImage", Display = "Load Image", Category = "image", Validate = nameof(Missing), IsChanged = nameof(Fingerprint))]
    public static (ImageBatch, Mask) Load(
        [ChoicesFrom(nameof(InputImages.ImageFiles), Source = typeof(InputImages)), Input(ImageUpload = true)] string image,
        NodeContext context)
    {
        var decoded = Decode(image, context);
        return (new ImageBatch(LoadedImages.Images(decoded)), new Mask(LoadedImages.Masks(decoded)));
    }

    [Node("LoadImageMask", Display = "Load Image (as Mask)", Category = "mask", Validate = nameof(Missing), IsChanged = nameof(Fingerprint))]
    public static Mask LoadMask(
        [ChoicesFrom(nameof(InputImages.AllFiles), Source = typeof(InputImages)), Input(ImageUpload = true)] string image,
        [Choices("alpha", "red", "green", "blue")] string channel,
        NodeContext context) =>
        new(LoadedImages.Channel(Decode(image, context), channel));

    [Node(
        "LoadImageOutput",
        Display = "Load Image (from Outputs)",
        Category = "image",
        Description = "Load an image from the output folder. The refresh button reads the list anew and selects the newest image.",
        Experimental = true,
        Validate = nameof(Missing),
        IsChanged = nameof(Fingerprint))]
    public static (ImageBatch, Mask) LoadOutput(
        [Input(Type = "COMBO", ImageUpload = true, Json = OutputFiles)] string image, NodeContext context) =>
        Load(image, context);

    private static string? Missing(string? image, NodeContext context) =>
        image is null ? "It is null; give the name of a file"
        : InputImages.Find(context.Folders, image) is not null ? null
        : $"Invalid image file: {image}";

    private static string Fingerprint(string? image, NodeContext context) => FileDigest.Of(Require(image ?? "", context));

    private static DecodedImage Decode(string image, NodeContext context)
    {
        var path = Require(image, context);
        var limits = new ImageLimits { Decoding = pixels => context.Reserve(pixels * BytesPerPixel) };
        try
        {
            return ImageDecoder.Decode(File.ReadAllBytes(path), path, limits);
        }
        catch (UnidentifiedImageException exception)
        {
            throw new NodeException("PIL.UnidentifiedImageError", exception.Message, exception);
        }
        catch (BrokenImageException exception)
        {
            throw new NodeException("OSError", exception.Message, exception);
        }
        catch (ImageTooLargeException exception)
        {
            throw new NodeException("PIL.Image.DecompressionBombError", exception.Message, exception);
        }
    }

    private static string Require(string image, NodeContext context) =>
        InputImages.Find(context.Folders, image)
            ?? throw new FileNotFoundException($"[Errno 2] No such file or directory: '{Path.Combine(context.Folders.Input, image)}'");
}
