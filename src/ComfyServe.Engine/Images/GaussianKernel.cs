using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace ComfyServe.Engine.Images;

/// <summary>Gaussian weights on a grid that spans −1 to 1 whatever its size, so sigma is relative to the radius.</summary>
internal static class GaussianKernel
{
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
        return F.conv2d(padded, weights, groups: channels);
    }
}
