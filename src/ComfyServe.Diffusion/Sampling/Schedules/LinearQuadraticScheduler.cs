namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary><c>linear_quadratic</c>: the first half of the steps leaves σmax slowly and linearly, the rest falls
/// quadratically to 0. Polyak et al. 2024, "Movie Gen", section 3.4.2.</summary>
internal sealed class LinearQuadraticScheduler : IScheduler
{
    private const double Threshold = 0.025;

    /// <inheritdoc/>
    public float[] Sigmas(DiscreteSchedule schedule, int steps)
    {
        if (steps == 1)
        {
            return [schedule.SigmaMax, 0];
        }

        // 1. Linear: progress rises to the threshold in the first half.
        var linear = steps / 2;
        var rest = steps - linear;
        var progress = new List<double>(steps + 1);
        for (var i = 0; i < linear; i++)
        {
            progress.Add(i * Threshold / linear);
        }

        // 2. Quadratic: a·i² + b·i + c meets the linear part in value and slope and reaches 1 after all steps.
        var difference = linear - (Threshold * steps);
        var a = difference / ((double)linear * rest * rest);
        var b = (Threshold / linear) - (2 * difference / ((double)rest * rest));
        var c = a * linear * linear;
        for (var i = linear; i < steps; i++)
        {
            progress.Add((a * i * i) + (b * i) + c);
        }

        return [.. progress.Select(p => (float)(1 - p) * schedule.SigmaMax), 0];
    }
}
