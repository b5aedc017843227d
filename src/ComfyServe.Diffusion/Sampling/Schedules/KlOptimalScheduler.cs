using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary><c>kl_optimal</c>: equally spaced in arctan σ. Sabour, Fidler, Kreis 2024, "Align your steps", equation 19.</summary>
/// <remarks>One step has no spacing: the only sigma is then not a number, as in ComfyUI.</remarks>
internal sealed class KlOptimalScheduler : IScheduler
{
    /// <inheritdoc/>
    public float[] Sigmas(DiscreteSchedule schedule, int steps)
    {
        using var scope = NewDisposeScope();
        var fraction = arange(steps, dtype: float32).div(steps - 1);
        var angles = (fraction * Math.Atan(schedule.SigmaMin)) + ((1 - fraction) * Math.Atan(schedule.SigmaMax));
        return [.. angles.tan().data<float>(), 0];
    }
}
