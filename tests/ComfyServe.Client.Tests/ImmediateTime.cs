namespace ComfyServe.Client.Tests;

/// <summary>A clock whose timers of up to a minute fire at once, so that pauses take no time; longer ones never do.</summary>
internal sealed class ImmediateTime : TimeProvider
{
    /// <summary>Pauses that were asked for.</summary>
    public List<TimeSpan> Pauses { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var isPause = dueTime >= TimeSpan.Zero && dueTime < TimeSpan.FromSeconds(10);
        if (isPause)
        {
            Pauses.Add(dueTime);
        }

        return System.CreateTimer(callback, state, isPause ? TimeSpan.Zero : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
