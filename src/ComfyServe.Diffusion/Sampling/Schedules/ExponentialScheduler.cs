using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary><c>exponential</c>: equally spaced in ln σ.</summary>
public sealed class ExponentialScheduler : IScheduler
{
    /// <inheritdoc/>
    public float[] Sigmas(DiscreteSchedule schedule, int steps) => Sigmas(steps, schedule.SigmaMin, schedule.SigmaMax);

    /// <summary>The sigmas between two given ones, then 0.</summary>
    public static float[] Sigmas(int steps, double sigmaMin, double sigmaMax)
    {
        using var scope = NewDisposeScope();
        return [.. linspace(Math.Log(sigmaMax), Math.Log(sigmaMin), steps, dtype: float32).exp().data<float>(), 0];
    }
}
