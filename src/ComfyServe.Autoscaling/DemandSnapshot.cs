namespace ComfyServe.Autoscaling;

/// <summary>What is asked of an endpoint, at one moment. Load in load units, times in seconds.</summary>
public sealed record DemandSnapshot
{
    /// <summary>Load that arrives per second: a long average, or a short one when that is clearly above it.</summary>
    public required double Load { get; init; }

    /// <summary>The long average: what new workers, which come late and stay, are made for.</summary>
    public required double LastingLoad { get; init; }

    /// <summary>The busiest minute lately: what inactive workers are kept for.</summary>
    public required double ColdLoad { get; init; }

    /// <summary>Load that waits for a worker.</summary>
    public double Queued { get; init; }

    /// <summary>Requests that wait for a worker.</summary>
    public int QueuedRequests { get; init; }

    /// <summary>Requests at workers.</summary>
    public int WorkingRequests { get; init; }

    /// <summary>Seconds since the last request arrived, waited or ran; infinity if there never was one.</summary>
    public double Idle { get; init; } = double.PositiveInfinity;

    /// <summary>Takes the averages from a window of arrivals.</summary>
    /// <param name="window">The arrivals.</param>
    /// <param name="habits">Lengths of the averages.</param>
    /// <param name="cost">Mean load of a request.</param>
    /// <param name="serviceTime">Seconds that a request takes at a worker.</param>
    /// <param name="now">The time.</param>
    public static DemandSnapshot Of(DemandWindow window, ScalingHabits habits, double cost, double serviceTime, double now)
    {
        ArgumentNullException.ThrowIfNull(window);
        ArgumentNullException.ThrowIfNull(habits);
        var lasting = window.Rate(habits.Span(serviceTime), now);
        var recent = window.Rate(habits.ShortSpan, now);

        // Requests that the long average lets expect in the short span, and three standard deviations of a Poisson number on top:
        // more than that is a change, less is chance.
        var expected = lasting * habits.ShortSpan / cost;
        var seen = recent * habits.ShortSpan / cost;
        var changed = seen > expected + (habits.Surprise * Math.Sqrt(Math.Max(1, expected)));
        return new DemandSnapshot
        {
            Load = changed ? recent : lasting,
            LastingLoad = lasting,
            ColdLoad = window.PeakMinute(habits.ColdMinutes, now),
        };
    }
}
