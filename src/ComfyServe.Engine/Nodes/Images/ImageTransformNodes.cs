using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Nodes that cut, turn, mirror and frame images.</summary>
[NodeFamily("comfy_extras.nodes_images")]
internal static class ImageTransformNodes
{
    private const string Category = "image/transform";

    [Node("ImageCrop", Display = "Image Crop", Category = Category)]
    public static ImageBatch Crop(
        ImageBatch image,
        [Input(Default = 512, Min = 1, Max = 16384, Step = 1)] long width,
        [Input(Default = 512, Min = 1, Max = 16384, Step = 1)] long height,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 1)] long x,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 1)] long y)
    {
        x = Math.Min(x, image.Width - 1);
        y = Math.Min(y, image.Height - 1);
        return new ImageBatch(image.Tensor.slice(1, y, y + height, 1).slice(2, x, x + width, 1));
    }

    [Node("ImageRotate", Category = Category)]
    public static ImageBatch Rotate(ImageBatch image, [Choices("none", "90 degrees", "180 degrees", "270 degrees")] string rotation) =>
        new(QuarterTurns.Rotate(image.Tensor, rotation, rows: 1, columns: 2));

    [Node("ImageFlip", Category = Category)]
    public static ImageBatch Flip(ImageBatch image, [Choices("x-axis: vertically", "y-axis: horizontally")] string flip_method) =>
        new(QuarterTurns.Flip(image.Tensor, flip_method, rows: 1, columns: 2));

    [Node("ImagePadForOutpaint", Display = "Pad Image for Outpainting", Category = "image", Module = "nodes", Memory = nameof(NodeMemory.OfOutpaint), MemorySource = typeof(NodeMemory))]
    public static (ImageBatch, Mask) PadForOutpaint(
        ImageBatch image,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 8)] long left,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 8)] long top,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 8)] long right,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 8)] long bottom,
        [Input(Default = 40, Min = 0, Max = 16384, Step = 1)] long feathering)
    {
        var (height, width) = (image.Height, image.Width);
        var padded = LargeTensors.Filled(0.5, image.Count, top + height + bottom, left + width + right, image.Channels);
        Interruption.Check();
        padded.narrow(1, top, height).narrow(2, left, width).copy_(image.Tensor);

        var mask = ones(top + height + bottom, left + width + right);
        Interruption.Check();
        var inside = mask.narrow(0, top, height).narrow(1, left, width);
        inside.zero_();
        if (feathering > 0 && feathering * 2 < height && feathering * 2 < width)
        {
            var rows = Distances(height, top > 0, bottom > 0).unsqueeze(1);
            var columns = Distances(width, left > 0, right > 0).unsqueeze(0);
            Interruption.Check();
            var ramp = (feathering - minimum(rows, columns)).clamp(min: 0) / feathering;
            inside.copy_(ramp.square());
        }

        return (new ImageBatch(padded), new Mask(mask.unsqueeze(0)));
    }

    /// <summary>For each row or column the distance to the nearer padded edge; the whole length where none is padded.</summary>
    private static Tensor Distances(long length, bool fromStart, bool fromEnd)
    {
        var place = arange(length, ScalarType.Float64);
        var none = full_like(place, length);
        return minimum(fromStart ? place : none, fromEnd ? length - place : none);
    }
}
