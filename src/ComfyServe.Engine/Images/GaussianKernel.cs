using ComfyServe.Diffusion.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace ComfyServe.Engine.Images;

/// <summary>Gaussian weights on a grid that spans −1 to 1 whatever its size, so sigma is relative to the radius.</summary>
internal static class GaussianKernel
{
    /// <summary>Multiplications of one strip: well below a second on one slow core.</summary>
    private const long StripOperations = 200_000_000;

    /// <summary>A square of 2 · radius + 1 weights that sum to 1.</summary>
    public static Tensor Create(long radius, double sigma)
    {
        var line = linspace(-1, 1, (2 * radius) + 1);
        var squares = line.square();
        var distance = (squares.unsqueeze(1) + squares.unsqueeze(0)).sqrt();
        var weights = exp(-distance.square() / (2.0 * sigma * sigma));
        return weights / weights.sum();
    }

    /// <summary>Weights that take <paramref name="strength"/> times the blurred surroundings away and sum to 1.</summary>
    public static Tensor CreateSharpening(long radius, double sigma, double strength)
    {
        var weights = Create(radius, sigma) * -strength;
        var center = weights[radius, radius];
        center.copy_(center - weights.sum() + 1.0);
        return weights;
    }

    /// <summary>Weighs each channel of [N, C, H, W] with the kernel; beyond the edges pixels are mirrored.</summary>
    public static Tensor Apply(Tensor images, Tensor kernel)
    {
        var (channels, radius) = (images.shape[1], kernel.shape[0] / 2);
        var padded = F.pad(images.contiguous(), [radius, radius, radius, radius], PaddingModes.Reflect, 0);
        var weights = kernel.repeat(channels, 1, 1).unsqueeze(1);                       // [C, 1, k, k]
        return InStrips(padded, weights, channels);
    }

    /// <summary>Large images strip by strip: a convolution cannot be interrupted.</summary>
    private static Tensor InStrips(Tensor padded, Tensor weights, long channels)
    {
        var size = weights.shape[^1];
        var (rows, columns) = (padded.shape[2] - size + 1, padded.shape[3] - size + 1);
        var strip = Math.Max(1, StripOperations / (padded.shape[0] * channels * columns * size * size));
        if (strip >= rows)
        {
            return F.conv2d(padded, weights, groups: channels);
        }

        using var scope = NewDisposeScope();
        var filtered = empty(padded.shape[0], channels, rows, columns);
        for (var top = 0L; top < rows; top += strip)
        {
            Interruption.Check();
            var height = Math.Min(strip, rows - top);
            using var part = F.conv2d(padded.narrow(2, top, height + size - 1).contiguous(), weights, groups: channels);
            using var place = filtered.narrow(2, top, height);
            place.copy_(part);
        }

        return filtered.MoveToOuterDisposeScope();
    }
}
