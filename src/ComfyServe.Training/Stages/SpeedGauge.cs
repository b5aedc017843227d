namespace ComfyServe.Training.Stages;

/// <summary>Averages loss and speed between reports.</summary>
/// <param name="stage">Name of the stage.</param>
/// <param name="time">Where time comes from.</param>
/// <param name="progress">Gets a report about every two seconds.</param>
internal sealed class SpeedGauge(string stage, TimeProvider time, IProgress<TrainingProgress>? progress)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private long _since = time.GetTimestamp();
    private long _samples;

    /// <summary>Running mean of the loss; NaN before the first.</summary>
    public double Loss { get; private set; } = double.NaN;

    /// <summary>Counts a step.</summary>
    public void Add(double loss, int samples, double share, long step)
    {
        Loss = double.IsNaN(Loss) ? loss : (0.98 * Loss) + (0.02 * loss);
        _samples += samples;
        var elapsed = time.GetElapsedTime(_since);
        if (elapsed >= Interval)
        {
            progress?.Report(new TrainingProgress(stage, share, step, Loss, _samples / elapsed.TotalSeconds));
            (_since, _samples) = (time.GetTimestamp(), 0);
        }
    }
}
