namespace ComfyServe.Autoscaling;

/// <summary>Times and bounds of scaling that are no parameters of an endpoint. Seconds where they are times.</summary>
public sealed record ScalingHabits
{
    /// <summary>The short average of the arriving load.</summary>
    public int ShortSpan { get; init; } = 10;

    /// <summary>Standard deviations above the long average at which the short one counts.</summary>
    public double Surprise { get; init; } = 3;

    /// <summary>The long average, at least.</summary>
    public int ShortestSpan { get; init; } = 60;

    /// <summary>The long average, at most.</summary>
    public int LongestSpan { get; init; } = 600;

    /// <summary>The long average in service times: over less, one long request would look like a flood.</summary>
    public double SpanServices { get; init; } = 3;

    /// <summary>
    /// Spare workers, as a multiple of the square root of the busy ones (square-root staffing): arrivals are random and a request
    /// cannot be divided, so few workers need relatively more room than many.
    /// </summary>
    public double Staffing { get; init; } = 0.7;

    /// <summary>Further spare workers that are not stopped, so that one request more or less changes nothing.</summary>
    public double Slack { get; init; } = 0.5;

    /// <summary>A worker is stopped after as many start times without work: waiting for it again would cost about as much.</summary>
    public double IdleStarts { get; init; } = 1;

    /// <summary>Minutes that inactive workers are kept for the busiest of: they cost only their disk.</summary>
    public int ColdMinutes { get; init; } = 60;

    /// <summary>Restarts of a broken worker before it is replaced.</summary>
    public int Reboots { get; init; } = 1;

    /// <summary>Workers recruited before the first is measured.</summary>
    public int Unmeasured { get; init; } = 3;

    /// <summary>Share of the active workers that may be updating at the same time, at least one.</summary>
    public double UpdateShare { get; init; } = 0.25;

    /// <summary>Seconds of the long average.</summary>
    public int Span(double serviceTime) => (int)Math.Clamp(SpanServices * serviceTime, ShortestSpan, LongestSpan);
}
