using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary>Quantiles of a Laplace distribution of ln σ: most steps near e^μ. Hang et al. 2024, "Improved noise schedule for
/// diffusion training", table 1.</summary>
public static class LaplaceScheduler
{
    private const double AvoidsLogOfZero = 1e-5;

    /// <summary>The sigmas, held between two given ones. As in ComfyUI no 0 follows: a run ends at the last sigma.</summary>
    /// <param name="steps">How many sigmas, at least 1.</param>
    /// <param name="sigmaMin">The least.</param>
    /// <param name="sigmaMax">The largest.</param>
    /// <param name="mu">μ, where the distribution has its middle.</param>
    /// <param name="beta">Its width.</param>
    public static float[] Sigmas(int steps, double sigmaMin, double sigmaMax, double mu, double beta)
    {
        using var scope = NewDisposeScope();
        var side = 0.5 - linspace(0, 1, steps, dtype: float32);
        var logs = mu - (beta * side.sign() * (1 - (2 * side.abs()) + AvoidsLogOfZero).log());
        return [.. logs.exp().clamp(sigmaMin, sigmaMax).data<float>()];
    }
}
