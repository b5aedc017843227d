namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary>The ten timesteps that turbo models are distilled on: 999, 899, …, 99. Sauer et al. 2023, "Adversarial diffusion
/// distillation".</summary>
public static class TurboScheduler
{
    private const int Levels = 10;
    private const int Between = 100;

    /// <summary>The sigmas, then 0.</summary>
    /// <param name="schedule">What the model was trained on.</param>
    /// <param name="steps">How many of the ten to visit, at least 1.</param>
    /// <param name="denoise">How much of the start is replaced, 0 to 1: where among the ten to begin.</param>
    public static float[] Sigmas(DiscreteSchedule schedule, int steps, double denoise)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        var start = Levels - (int)(Levels * denoise);
        return [.. Enumerable.Range(start, Math.Max(Math.Min(steps, Levels - start), 0)).Select(i => schedule.SigmaOf(((Levels - i) * Between) - 1)), 0];
    }
}
