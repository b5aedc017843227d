namespace ComfyServe.Training.Stages;

/// <summary>The time that a stage has, also over several runs. Learning rates follow it, so that a stage ends well however slow the machine is.</summary>
/// <param name="time">Where time comes from.</param>
/// <param name="duration">What the stage may take in all.</param>
/// <param name="before">What earlier runs took of it.</param>
internal sealed class StageClock(TimeProvider time, TimeSpan duration, TimeSpan before)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>Time used in all runs.</summary>
    public TimeSpan Used => before + time.GetElapsedTime(_start);

    /// <summary>Share of the time that is over, 0 to 1.</summary>
    public double Share => Math.Clamp(Used / duration, 0, 1);

    /// <summary>Whether the time is over.</summary>
    public bool IsOver => Used >= duration;

    /// <summary>A short rise over the first steps, then half a cosine down to a fiftieth of the peak.</summary>
    public double LearningRate(double peak, long step, int warmup)
    {
        var rise = Math.Min(1, (step + 1.0) / warmup);
        return peak * rise * (0.02 + (0.98 * 0.5 * (1 + Math.Cos(Math.PI * Share))));
    }
}
