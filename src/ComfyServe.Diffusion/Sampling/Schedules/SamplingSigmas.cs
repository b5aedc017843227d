namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary>The sigmas of a run: a scheduler's, for a sampler, from a partly noised start on.</summary>
public static class SamplingSigmas
{
    // Above this a run starts from pure noise.
    private const double Full = 0.9999;

    // The most that the nodes allow: 10,000 steps at a denoise of 0.01.
    private const double MaxTotal = 1_000_000;

    /// <summary>The last <paramref name="steps"/> + 1 sigmas of a schedule stretched to steps ÷ denoise; none when
    /// <paramref name="denoise"/> is not above 0.</summary>
    /// <param name="scheduler">How the sigmas are spaced.</param>
    /// <param name="schedule">What the model was trained on.</param>
    /// <param name="steps">How many steps to run, at least 1.</param>
    /// <param name="denoise">How much of the start is replaced, 0 to 1.</param>
    /// <param name="skipsPenultimate">True for samplers that leave the last sigma before 0 out
    /// (<see cref="Samplers.SamplerEntry.SkipsPenultimate"/>).</param>
    public static float[] Compute(
        IScheduler scheduler, DiscreteSchedule schedule, int steps, double denoise = 1, bool skipsPenultimate = false)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        if (denoise <= 0)
        {
            return [];
        }

        var total = denoise > Full ? steps : (int)Math.Min(steps / denoise, MaxTotal);
        var sigmas = scheduler.Sigmas(schedule, skipsPenultimate ? total + 1 : total);
        if (skipsPenultimate)
        {
            sigmas = [.. sigmas[..^2], sigmas[^1]];
        }

        return denoise > Full || sigmas.Length <= steps + 1 ? sigmas : sigmas[^(steps + 1)..];
    }
}
