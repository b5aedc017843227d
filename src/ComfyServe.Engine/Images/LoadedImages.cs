using static TorchSharp.torch;

namespace ComfyServe.Engine.Images;

/// <summary>Makes the tensors that image loaders output from decoded frames.</summary>
internal static class LoadedImages
{
    private const int PlaceholderSize = 64;

    /// <summary>All frames as images [N, H, W, 3] in 0..1. Frames of another size than the first are left out.</summary>
    public static Tensor Images(DecodedImage image)
    {
        using var scope = NewDisposeScope();
        return cat([.. SameSize(image).Select(f => PixelTensors.FromBytes(f.Rgb, f.Height, f.Width, 3))], 0).MoveToOuterDisposeScope();
    }

    /// <summary>1 − alpha of all frames, [N, H, W]. Frames without an alpha channel give 64×64 zeros.</summary>
    public static Tensor Masks(DecodedImage image)
    {
        using var scope = NewDisposeScope();
        return cat([.. SameSize(image).Select(f => f.HasAlphaChannel ? Inverted(f) : zeros(1, PlaceholderSize, PlaceholderSize))], 0)
            .MoveToOuterDisposeScope();
    }

    /// <summary>One channel of the first frame taken as RGBA, [1, H, W]; alpha is turned to 1 − alpha.</summary>
    /// <param name="image">The decoded file.</param>
    /// <param name="channel"><c>alpha</c>, <c>red</c>, <c>green</c> or <c>blue</c>.</param>
    public static Tensor Channel(DecodedImage image, string channel)
    {
        using var scope = NewDisposeScope();
        var frame = image.Frames[0];
        if (channel == "alpha")
        {
            return (frame.Alpha is null ? zeros(1, frame.Height, frame.Width) : Inverted(frame)).MoveToOuterDisposeScope();
        }

        var index = channel switch
        {
            "red" => 0,
            "green" => 1,
            "blue" => 2,
            _ => throw new ArgumentOutOfRangeException(nameof(channel), channel, "unknown channel"),
        };
        return PixelTensors.FromBytes(frame.Rgb, frame.Height, frame.Width, 3).select(3, index).contiguous().MoveToOuterDisposeScope();
    }

    private static Tensor Inverted(DecodedFrame frame) =>
        1 - PixelTensors.FromBytes(frame.Alpha, frame.Height, frame.Width, 1).squeeze(-1);

    private static IEnumerable<DecodedFrame> SameSize(DecodedImage image)
    {
        var first = image.Frames[0];
        return image.Frames.Where(f => f.Width == first.Width && f.Height == first.Height);
    }
}
