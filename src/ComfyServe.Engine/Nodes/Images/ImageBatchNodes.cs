using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Nodes that join, split and measure batches of images.</summary>
[NodeFamily("comfy_extras.nodes_images")]
internal static class ImageBatchNodes
{
    private const string Category = "image/batch";

    [Node("ImageBatch", Display = "Batch Images", Category = "image", Module = "nodes", Memory = nameof(NodeMemory.OfJoinedImages), MemorySource = typeof(NodeMemory))]
    public static ImageBatch Join(ImageBatch image1, ImageBatch image2)
    {
        var second = image2.Tensor;
        if (!image1.Tensor.shape.AsSpan(1).SequenceEqual(second.shape.AsSpan(1)))
        {
            second = Resampling.UpscaleImages(second, image1.Width, image1.Height, "bilinear", centerCrop: true);
        }

        return new ImageBatch(cat([image1.Tensor, second], 0));
    }

    [Node("RepeatImageBatch", Category = Category, Memory = nameof(NodeMemory.OfRepeatedImages), MemorySource = typeof(NodeMemory))]
    public static ImageBatch Repeat(ImageBatch image, [Input(Default = 1, Min = 1, Max = 4096)] long amount) =>
        new(LargeTensors.Repeat(image.Tensor, amount));

    [Node("ImageFromBatch", Category = Category)]
    public static ImageBatch Take(
        ImageBatch image,
        [Input(Default = 0, Min = 0, Max = 4095)] long batch_index,
        [Input(Default = 1, Min = 1, Max = 4096)] long length)
    {
        var first = Math.Min(image.Count - 1, batch_index);
        return new ImageBatch(image.Tensor.narrow(0, first, Math.Min(image.Count - first, length)).clone());
    }

    [Node(
        "RebatchImages",
        Display = "Rebatch Images",
        Category = Category,
        Module = "comfy_extras.nodes_rebatch",
        Schema = NodeSchema.V3,
        InputIsList = true)]
    [Outputs("IMAGE")]
    public static IReadOnlyList<ImageBatch> Rebatch(
        IReadOnlyList<ImageBatch> images, [Input(Default = 1, Min = 1, Max = 4096)] IReadOnlyList<long> batch_size)
    {
        var singles = images.SelectMany(batch => batch.Tensor.split(1, 0)).ToList();
        return [.. singles.Chunk((int)batch_size[0]).Select(part => new ImageBatch(cat(part, 0)))];
    }

    [Node("GetImageSize", Display = "Get Image Size", Category = "image", Description = "Returns width and height of the image, and passes it through unchanged.", MemoryFactor = 0)]
    [Outputs("width", "height", "batch_size")]
    public static (long Width, long Height, long Count) Measure(
        ImageBatch image, [Hidden(HiddenInput.UniqueId)] string unique_id, NodeContext context)
    {
        context.ShowText($"width: {image.Width}, height: {image.Height}\n batch size: {image.Count}");
        return (image.Width, image.Height, image.Count);
    }
}
