using ComfyServe.Diffusion.Models;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Guidance;

/// <summary>An image that steers the network, and how strongly and when.</summary>
/// <param name="Network">What reads the image.</param>
/// <param name="Hint">The image, or one for each latent: fp32 [1 or B, 3, H, W], 0 to 1, of any size. It is cropped around its centre and
/// scaled to the latents' size.</param>
public sealed record Control(ControlNet Network, Tensor Hint)
{
    /// <summary>Factor on what is added to the network.</summary>
    public double Strength { get; init; } = 1;

    /// <summary>From which part of the way on, 0 (pure noise) to 1 (the image).</summary>
    public double StartPercent { get; init; }

    /// <summary>Until which part of the way.</summary>
    public double EndPercent { get; init; } = 1;
}
