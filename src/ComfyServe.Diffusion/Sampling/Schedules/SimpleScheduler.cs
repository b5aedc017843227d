namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary><c>simple</c>: table entries at equal distances, counted from the noisiest.</summary>
internal sealed class SimpleScheduler : IScheduler
{
    /// <inheritdoc/>
    public float[] Sigmas(DiscreteSchedule schedule, int steps)
    {
        var table = schedule.Sigmas;
        var stride = (double)table.Count / steps;
        return [.. Enumerable.Range(0, steps).Select(i => table[table.Count - 1 - (int)(i * stride)]), 0];
    }
}
