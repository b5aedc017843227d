namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary><c>ddim_uniform</c>: every ⌊1000/steps⌋-th table entry from the second on, so that there may be one more
/// than asked for. Song, Meng, Ermon 2020, "Denoising diffusion implicit models".</summary>
internal sealed class DdimUniformScheduler : IScheduler
{
    // A table that starts at (nearly) zero needs no zero of its own at the end, but one more entry.
    private const float Zero = 0.00001f;

    /// <inheritdoc/>
    public float[] Sigmas(DiscreteSchedule schedule, int steps)
    {
        var table = schedule.Sigmas;
        var endsAtZero = table.Count > 1 && table[1] <= Zero;
        var stride = Math.Max(table.Count / (endsAtZero ? steps + 1 : steps), 1);
        var sigmas = new List<float>(steps + 2);
        if (!endsAtZero)
        {
            sigmas.Add(0);
        }

        for (var i = 1; i < table.Count; i += stride)
        {
            sigmas.Add(table[i]);
        }

        sigmas.Reverse();
        return [.. sigmas];
    }
}
