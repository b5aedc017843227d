using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Sampling.Schedules;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Guidance;

/// <summary>What samplers denoise with: the network, the noise levels that it was trained on, and what it predicts.</summary>
/// <param name="Unet">The network; it belongs to whoever loaded it.</param>
/// <param name="Schedule">Its noise levels.</param>
/// <param name="Prediction">What it predicts.</param>
public sealed record DiffusionModel(Unet Unet, DiscreteSchedule Schedule, Prediction Prediction = Prediction.Noise)
{
    /// <summary>Factor from the autoencoder's latents to those that the network works on, where they have variance 1.</summary>
    public double LatentScale { get; init; } = 0.18215;

    /// <summary>Channels of the latents.</summary>
    public long LatentChannels => Unet.Config.OutputChannels;

    /// <summary>The estimate of the clean latents, without guidance.</summary>
    /// <param name="x">Noisy latents in the network's scale, fp32 [B, C, H, W].</param>
    /// <param name="sigma">Their noise level.</param>
    /// <param name="context">Encoded text [B, N, context width].</param>
    /// <returns>fp32 [B, C, H, W], in the caller's dispose scope.</returns>
    public Tensor Denoise(Tensor x, double sigma, Tensor context)
    {
        using var scope = NewDisposeScope();
        var variance = (sigma * sigma) + 1;
        var timesteps = full([x.shape[0]], (float)Schedule.TimestepOf(sigma)); // [B]
        var output = Unet.Forward(x / Math.Sqrt(variance), timesteps, context); // [B, C, H, W]
        var denoised = Prediction == Prediction.Noise
            ? x - (output * sigma)
            : (x / variance) - (output * (sigma / Math.Sqrt(variance)));
        return denoised.MoveToOuterDisposeScope();
    }
}
