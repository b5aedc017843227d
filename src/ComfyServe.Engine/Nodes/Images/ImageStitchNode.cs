using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Puts two images side by side.</summary>
internal static class ImageStitchNode
{
    private const int Height = 1;
    private const int Width = 2;

    [Node(
        "ImageStitch",
        Memory = nameof(NodeMemory.OfStitch), MemorySource = typeof(NodeMemory),
        Display = "Image Stitch",
        Category = "image/transform",
        Module = "comfy_extras.nodes_images",
        Description = "Puts the second image on the given side of the first. Without a second image the first passes unchanged.")]
    public static ImageBatch Stitch(
        ImageBatch image1,
        [Choices("right", "down", "left", "up"), Input(Default = "right")] string direction,
        [Input(Default = true)] bool match_image_size,
        [Input(Default = 0, Min = 0, Max = 1024, Step = 2)] long spacing_width,
        [Choices("white", "black", "red", "green", "blue"), Input(Default = "white")] string spacing_color,
        ImageBatch? image2 = null)
    {
        if (image2 is null)
        {
            return image1;
        }

        var along = direction is "left" or "right" ? Width : Height;
        var count = Math.Max(image1.Count, image2.Count);
        var first = RepeatLast(image1.Tensor, count);
        var second = RepeatLast(image2.Tensor, count);
        if (match_image_size)
        {
            second = MatchSize(second, first, along);
        }
        else
        {
            var across = along == Width ? Height : Width;
            var size = Math.Max(first.shape[across], second.shape[across]);
            var level = spacing_color == "white" ? 1 : 0;
            (first, second) = (PadAround(first, across, size, level), PadAround(second, across, size, level));
        }

        var channels = Math.Max(first.shape[3], second.shape[3]);
        (first, second) = (AddOpaqueChannels(first, channels), AddOpaqueChannels(second, channels));
        var parts = direction is "left" or "up" ? new List<Tensor> { second, first } : [first, second];
        if (spacing_width > 0)
        {
            parts.Insert(1, Spacing(first, along, spacing_width + (spacing_width % 2), spacing_color));
        }

        return new ImageBatch(cat(parts, along));
    }

    private static Tensor RepeatLast(Tensor images, long count)
    {
        var missing = count - images.shape[0];
        return missing == 0 ? images : cat([images, images.narrow(0, images.shape[0] - 1, 1).repeat(missing, 1, 1, 1)], 0);
    }

    private static Tensor MatchSize(Tensor image, Tensor other, int along)
    {
        var aspect = (double)image.shape[Width] / image.shape[Height];
        var (width, height) = along == Width
            ? ((long)(other.shape[Height] * aspect), other.shape[Height])
            : (other.shape[Width], (long)(other.shape[Width] / aspect));
        return Resampling.UpscaleImages(image, width, height, "lanczos", centerCrop: false);
    }

    private static Tensor PadAround(Tensor images, int axis, long size, double level)
    {
        var missing = size - images.shape[axis];
        var (before, after) = (missing / 2, missing - (missing / 2));
        long[] padding = axis == Height ? [0, 0, 0, 0, before, after] : [0, 0, before, after, 0, 0];
        return missing == 0 ? images : F.pad(images, padding, PaddingModes.Constant, level);
    }

    private static Tensor AddOpaqueChannels(Tensor images, long channels)
    {
        var missing = channels - images.shape[3];
        return missing == 0 ? images : cat([images, ones(images.shape[0], images.shape[1], images.shape[2], missing)], 3);
    }

    private static Tensor Spacing(Tensor like, int along, long size, string color)
    {
        var shape = like.shape.ToArray();
        shape[along] = size;
        float[] rgb = color switch
        {
            "white" => [1, 1, 1, 1],
            "red" => [1, 0, 0, 1],
            "green" => [0, 1, 0, 1],
            "blue" => [0, 0, 1, 1],
            _ => [0, 0, 0, 1],
        };
        return tensor(rgb[..(int)shape[3]]).expand(shape);
    }
}
