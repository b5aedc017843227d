using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Nodes that lay images over each other and handle alpha. Masks are 1 − alpha.</summary>
[NodeFamily("comfy_extras.nodes_compositing", Schema = NodeSchema.V3)]
internal static class CompositingNodes
{
    private const string Category = "mask/compositing";

    [Node("ImageCompositeMasked", Category = "image", Module = "comfy_extras.nodes_mask", Schema = NodeSchema.V1, Memory = nameof(NodeMemory.OfPaste), MemorySource = typeof(NodeMemory))]
    public static ImageBatch Paste(
        ImageBatch destination,
        ImageBatch source,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 1)] long x,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 1)] long y,
        [Input(Default = false)] bool resize_source,
        Mask? mask = null)
    {
        var pasted = Compositing.Paste(
            destination.Tensor.permute(0, 3, 1, 2),
            ImageChannels.Match(source.Tensor, destination.Tensor).permute(0, 3, 1, 2),
            x,
            y,
            mask?.Tensor,
            pixelsPerCell: 1,
            resize_source);
        return new ImageBatch(pasted.permute(0, 2, 3, 1).contiguous());
    }

    [Node("PorterDuffImageComposite", Display = "Porter-Duff Image Composite", Category = Category, Memory = nameof(NodeMemory.OfPorterDuff), MemorySource = typeof(NodeMemory))]
    public static (ImageBatch, Mask) Composite(
        ImageBatch source,
        Mask source_alpha,
        ImageBatch destination,
        Mask destination_alpha,
        [Choices(
            "ADD", "CLEAR", "DARKEN", "DST", "DST_ATOP", "DST_IN", "DST_OUT", "DST_OVER", "LIGHTEN", "MULTIPLY", "OVERLAY",
            "SCREEN", "SRC", "SRC_ATOP", "SRC_IN", "SRC_OUT", "SRC_OVER", "XOR"), Input(Default = "DST")] string mode)
    {
        var count = new[] { source.Count, source_alpha.Count, destination.Count, destination_alpha.Count }.Min();
        var (height, width) = (destination.Height, destination.Width);
        var (colors, alpha) = PorterDuff.Composite(
            Fit(source.Tensor.narrow(0, 0, count), width, height),
            1 - Fit(source_alpha.Tensor.narrow(0, 0, count).unsqueeze(-1), width, height),
            destination.Tensor.narrow(0, 0, count),
            1 - Fit(destination_alpha.Tensor.narrow(0, 0, count).unsqueeze(-1), width, height),
            mode);
        return (new ImageBatch(colors), new Mask((1 - alpha).squeeze(-1)));
    }

    [Node("SplitImageWithAlpha", Display = "Split Image with Alpha", Category = Category, MemoryFactor = 2)]
    public static (ImageBatch, Mask) Split(ImageBatch image)
    {
        var mask = image.Channels > 3
            ? 1 - image.Tensor.select(3, 3)
            : zeros(image.Count, image.Height, image.Width);
        return (new ImageBatch(image.Tensor.slice(3, 0, 3, 1)), new Mask(mask));
    }

    [Node("JoinImageWithAlpha", Display = "Join Image with Alpha", Category = Category, Memory = nameof(NodeMemory.OfJoinedAlpha), MemorySource = typeof(NodeMemory))]
    public static ImageBatch Join(ImageBatch image, Mask alpha)
    {
        var count = Math.Min(image.Count, alpha.Count);
        var opacity = 1 - Compositing.ResizeMask(alpha.Tensor, image.Width, image.Height).permute(0, 2, 3, 1);
        return new ImageBatch(cat([image.Tensor.narrow(0, 0, count).slice(3, 0, 3, 1), opacity.narrow(0, 0, count)], 3));
    }

    private static Tensor Fit(Tensor images, long width, long height) =>
        images.shape[1] == height && images.shape[2] == width
            ? images
            : Resampling.UpscaleImages(images, width, height, "bicubic", centerCrop: true);
}
