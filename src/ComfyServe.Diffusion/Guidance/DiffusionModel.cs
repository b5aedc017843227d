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
    // The scale of timesteps and the deviation of data that consistency models were distilled with.
    private const double ConsistencyScale = 10;
    private const double ConsistencyDeviation = 0.5;

    /// <summary>Factor from the autoencoder's latents to those that the network works on, where they have variance 1.</summary>
    public double LatentScale { get; init; } = 0.18215;

    /// <summary>How much of the guided estimate's contrast is taken back to that of the positive one, 0 to 1; 0 is off. Lin et al.
    /// 2023, "Common diffusion noise schedules and sample steps are flawed", section 3.4.</summary>
    public double GuidanceRescale { get; init; }

    /// <summary>How strictly a noise mask opens with the steps instead of blending, 0 to 1: where it is darker, painting starts
    /// later. Levin and Fried 2023, "Differential diffusion: giving each pixel its strength". 0 is off.</summary>
    public double DifferentialMask { get; init; }

    /// <summary>Channels of the latents.</summary>
    public long LatentChannels => Unet.Config.OutputChannels;

    /// <summary>The estimate of the clean latents, without guidance.</summary>
    /// <param name="x">Noisy latents in the network's scale, fp32 [B, C, H, W].</param>
    /// <param name="sigma">Their noise level.</param>
    /// <param name="context">Encoded text [B, N, context width].</param>
    /// <returns>fp32 [B, C, H, W], in the caller's dispose scope.</returns>
    public Tensor Denoise(Tensor x, double sigma, Tensor context) => Denoise(x, sigma, context, [], x.shape[0]);

    /// <summary>As the public form, steered by images; <paramref name="batch"/>: how many of the latents share an image.</summary>
    internal Tensor Denoise(Tensor x, double sigma, Tensor context, IReadOnlyList<PlacedControl> controls, long batch)
    {
        using var scope = NewDisposeScope();
        var variance = (sigma * sigma) + 1;
        var timestep = Schedule.TimestepOf(sigma);
        var timesteps = full([x.shape[0]], (float)timestep); // [B]
        var scaled = x / Math.Sqrt(variance);
        ControlResiduals? control = null;
        foreach (var placed in controls)
        {
            if (placed.Residuals(scaled, batch, sigma, timesteps, context) is { } more)
            {
                control = control?.Plus(more) ?? more;
            }
        }

        var output = Unet.Forward(scaled, timesteps, context, null, null, control); // [B, C, H, W]
        var denoised = Prediction switch
        {
            Prediction.Noise => x - (output * sigma),
            Prediction.Velocity => (x / variance) - (output * (sigma / Math.Sqrt(variance))),
            Prediction.Clean => output,
            Prediction.Consistency => Consistent(x, x - (output * sigma), timestep),
            _ => throw new NotSupportedException($"networks that predict '{Prediction}' are not known"),
        };
        return denoised.MoveToOuterDisposeScope();
    }

    private static Tensor Consistent(Tensor x, Tensor denoised, int timestep)
    {
        var t = timestep * ConsistencyScale;
        var sum = (t * t) + (ConsistencyDeviation * ConsistencyDeviation);
        return (denoised * (t / Math.Sqrt(sum))) + (x * (ConsistencyDeviation * ConsistencyDeviation / sum));
    }
}
