using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary><c>karras</c>: equally spaced in σ^(1/ρ). Karras et al. 2022, equation 5.</summary>
/// <param name="rho">ρ; 7 in the paper.</param>
public sealed class KarrasScheduler(double rho = 7) : IScheduler
{
    /// <inheritdoc/>
    public float[] Sigmas(DiscreteSchedule schedule, int steps) => Sigmas(steps, schedule.SigmaMin, schedule.SigmaMax);

    /// <summary>The sigmas between two given ones, then 0.</summary>
    public float[] Sigmas(int steps, double sigmaMin, double sigmaMax)
    {
        using var scope = NewDisposeScope();
        var (min, max) = (Math.Pow(sigmaMin, 1 / rho), Math.Pow(sigmaMax, 1 / rho));
        var ramp = linspace(0, 1, steps, dtype: float32);
        return [.. (max + (ramp * (min - max))).pow(rho).data<float>(), 0];
    }
}
