namespace ComfyServe.Hosting.Supervision;

/// <summary>How long to wait before a program that ended is started again: longer each time, and from the beginning after it was well for a while.</summary>
public sealed class RestartPauses
{
    private int _inARow;

    /// <summary>The first pause. Default 500 ms: a single crash should cost little.</summary>
    public TimeSpan First { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest. Default 30 s.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a program is ready before its earlier ends are forgotten. Default 1 min.</summary>
    public TimeSpan Healthy { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The pause after an end.</summary>
    /// <param name="ready">How long the program had been ready; zero where it never was.</param>
    public TimeSpan After(TimeSpan ready)
    {
        _inARow = ready >= Healthy ? 1 : Math.Min(_inARow + 1, 30);
        var ticks = First.Ticks * Math.Pow(2, _inARow - 1);
        return ticks >= Longest.Ticks ? Longest : TimeSpan.FromTicks((long)ticks);
    }
}
