using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary><c>normal</c>: equally spaced timesteps from the noisiest to the first; <c>sgm_uniform</c>: the same with one
/// more point, of which the last is left out.</summary>
/// <param name="leaveLastOut">True for <c>sgm_uniform</c>.</param>
internal sealed class NormalScheduler(bool leaveLastOut) : IScheduler
{
    /// <inheritdoc/>
    public float[] Sigmas(DiscreteSchedule schedule, int steps)
    {
        var (start, end) = (schedule.TimestepOf(schedule.SigmaMax), schedule.TimestepOf(schedule.SigmaMin));
        using var timesteps = linspace(start, end, leaveLastOut ? steps + 1 : steps, dtype: float32);
        var sigmas = timesteps.data<float>().Take(steps).Select(t => schedule.SigmaOf(t));
        return [.. sigmas, 0];
    }
}
