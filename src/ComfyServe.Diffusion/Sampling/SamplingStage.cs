using ComfyServe.Diffusion.Sampling.Noise;
using ComfyServe.Diffusion.Sampling.Samplers;
using ComfyServe.Diffusion.Sampling.Schedules;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling;

/// <summary>Runs one sampler over the given sigmas: scales the noise, protects the masked part, chooses the noise source.</summary>
public static class SamplingStage
{
    // How near the first sigma must be to the largest one to count as pure noise.
    private const double StartTolerance = 1e-5;

    /// <summary>The latents at the last sigma, in the caller's dispose scope.</summary>
    /// <param name="denoiser">The model.</param>
    /// <param name="schedule">What it was trained on.</param>
    /// <param name="entry">The sampler.</param>
    /// <param name="sigmas">At least one.</param>
    /// <param name="start">Noise, latents, mask and seed.</param>
    /// <param name="onStep">Called once a step; may throw to stop.</param>
    public static Tensor Run(
        IDenoiser denoiser,
        DiscreteSchedule schedule,
        SamplerEntry entry,
        IReadOnlyList<float> sigmas,
        SamplingStart start,
        Action<SamplerStep>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(sigmas);
        ArgumentNullException.ThrowIfNull(start);
        using var scope = NewDisposeScope();
        if (start.Mask is not null)
        {
            var noise = entry.RedrawsInpaintNoise ? NoiseSource.Initial(unchecked(start.Seed + 1), start.Noise.shape) : start.Noise;
            var opening = start.DifferentialMask > 0 ? new OpeningMask(schedule, sigmas, start.DifferentialMask) : null;
            denoiser = new InpaintDenoiser(denoiser, start.Mask, start.Latent, noise, opening);
        }

        var x = Noised(start, sigmas[0], schedule.SigmaMax);
        if (sigmas.Count == 1)
        {
            return x.MoveToOuterDisposeScope();
        }

        var sampler = NoiseFor(entry, sigmas, start);
        using var disposable = sampler as IDisposable;
        var run = new SamplerRun(denoiser, sigmas, sampler, schedule, onStep);
        return entry.Sampler.Sample(run, x).MoveToOuterDisposeScope();
    }

    /// <summary>Pure noise has the variance of the noised data, 1 + σ²; later starts have σ².</summary>
    private static Tensor Noised(SamplingStart start, double sigma, double sigmaMax)
    {
        var isPureNoise = sigma > sigmaMax || Math.Abs(sigma - sigmaMax) <= StartTolerance * Math.Max(sigma, sigmaMax);
        return (start.Noise * (isPureNoise ? Math.Sqrt(1 + (sigma * sigma)) : sigma)) + start.Latent;
    }

    private static INoiseSampler NoiseFor(SamplerEntry entry, IReadOnlyList<float> sigmas, SamplingStart start)
    {
        var positive = sigmas.Where(sigma => sigma > 0).ToList();
        return entry.UsesBrownianPath && positive.Count > 0
            ? new BrownianNoise(start.Seed, start.Noise.shape, positive.Min(), positive.Max())
            : new GaussianNoise(start.Seed, start.Noise.shape);
    }
}
