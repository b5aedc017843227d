using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Nodes that resize images.</summary>
[NodeFamily("comfy_extras.nodes_images")]
internal static class ImageScaleNodes
{
    private const string Category = "image/upscaling";

    [Node("ImageScale", Display = "Upscale Image", Category = Category, Module = "nodes", Memory = nameof(NodeMemory.OfScale), MemorySource = typeof(NodeMemory))]
    public static ImageBatch Scale(
        ImageBatch image,
        [Choices("nearest-exact", "bilinear", "area", "bicubic", "lanczos")] string upscale_method,
        [Input(Default = 512, Min = 0, Max = 16384, Step = 1)] long width,
        [Input(Default = 512, Min = 0, Max = 16384, Step = 1)] long height,
        [Choices("disabled", "center")] string crop)
    {
        if (width == 0 && height == 0)
        {
            return image;
        }

        if (width == 0)
        {
            width = Math.Max(1, Resampling.RoundHalfEven((double)(image.Width * height) / image.Height));
        }
        else if (height == 0)
        {
            height = Math.Max(1, Resampling.RoundHalfEven((double)(image.Height * width) / image.Width));
        }

        return new ImageBatch(Resampling.UpscaleImages(image.Tensor, width, height, upscale_method, crop == "center"));
    }

    [Node("ImageScaleBy", Display = "Upscale Image By", Category = Category, Module = "nodes", Memory = nameof(NodeMemory.OfScaleBy), MemorySource = typeof(NodeMemory))]
    public static ImageBatch ScaleBy(
        ImageBatch image,
        [Choices("nearest-exact", "bilinear", "area", "bicubic", "lanczos")] string upscale_method,
        [Input(Default = 1.0, Min = 0.01, Max = 8.0, Step = 0.01)] double scale_by) =>
        ScaleBothSides(image, upscale_method, scale_by);

    [Node("ImageScaleToTotalPixels", Category = Category, Module = "comfy_extras.nodes_post_processing", Schema = NodeSchema.V3, Memory = nameof(NodeMemory.OfScaleToPixels), MemorySource = typeof(NodeMemory))]
    public static ImageBatch ScaleToTotalPixels(
        ImageBatch image,
        [Choices("nearest-exact", "bilinear", "area", "bicubic", "lanczos")] string upscale_method,
        [Input(Default = 1.0, Min = 0.01, Max = 16.0, Step = 0.01)] double megapixels)
    {
        var total = (long)(megapixels * 1024 * 1024);
        return ScaleBothSides(image, upscale_method, Math.Sqrt((double)total / (image.Width * image.Height)));
    }

    [Node("ImageScaleToMaxDimension", Category = Category, Memory = nameof(NodeMemory.OfScaleToSide), MemorySource = typeof(NodeMemory))]
    public static ImageBatch ScaleToMaxDimension(
        ImageBatch image,
        [Choices("area", "lanczos", "bilinear", "nearest-exact", "bilinear", "bicubic")] string upscale_method,
        [Input(Default = 512, Min = 0, Max = 16384, Step = 1)] long largest_size)
    {
        var (width, height) = (largest_size, largest_size);
        if (image.Height > image.Width)
        {
            width = Resampling.RoundHalfEven((double)image.Width / image.Height * largest_size);
        }
        else if (image.Width > image.Height)
        {
            height = Resampling.RoundHalfEven((double)image.Height / image.Width * largest_size);
        }

        return new ImageBatch(Resampling.UpscaleImages(image.Tensor, width, height, upscale_method, centerCrop: false));
    }

    [Node("ResizeAndPadImage", Category = "image/transform", Memory = nameof(NodeMemory.OfPad), MemorySource = typeof(NodeMemory))]
    public static ImageBatch ResizeAndPad(
        ImageBatch image,
        [Input(Default = 512, Min = 1, Max = 16384, Step = 1)] long target_width,
        [Input(Default = 512, Min = 1, Max = 16384, Step = 1)] long target_height,
        [Choices("white", "black")] string padding_color,
        [Choices("area", "bicubic", "nearest-exact", "bilinear", "lanczos")] string interpolation)
    {
        var scale = Math.Min((double)target_width / image.Width, (double)target_height / image.Height);
        var (width, height) = ((long)(image.Width * scale), (long)(image.Height * scale));
        var resized = Resampling.UpscaleImages(image.Tensor, width, height, interpolation, centerCrop: false);
        var padded = full([image.Count, target_height, target_width, image.Channels], padding_color == "white" ? 1f : 0f);
        padded.narrow(1, (target_height - height) / 2, height).narrow(2, (target_width - width) / 2, width).copy_(resized);
        return new ImageBatch(padded);
    }

    private static ImageBatch ScaleBothSides(ImageBatch image, string method, double scale)
    {
        var (width, height) = (Resampling.RoundHalfEven(image.Width * scale), Resampling.RoundHalfEven(image.Height * scale));
        return new ImageBatch(Resampling.UpscaleImages(image.Tensor, width, height, method, centerCrop: false));
    }
}
