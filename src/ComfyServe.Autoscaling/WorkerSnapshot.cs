namespace ComfyServe.Autoscaling;

/// <summary>A worker as scaling sees it.</summary>
public sealed record WorkerSnapshot
{
    /// <summary>Its id.</summary>
    public required long Id { get; init; }

    /// <summary>Its workergroup, or null for one that registered itself: that one is counted, but never started or stopped.</summary>
    public long? GroupId { get; init; }

    /// <summary>Its state.</summary>
    public required WorkerPhase Phase { get; init; }

    /// <summary>Load units per second to count on; 0 while unknown.</summary>
    public double Perf { get; init; }

    /// <summary>Requests that it has.</summary>
    public int Requests { get; init; }

    /// <summary>Seconds that it has been without work.</summary>
    public double Idle { get; init; }

    /// <summary>Restarts since it last worked.</summary>
    public int Reboots { get; init; }

    /// <summary>It runs an older template than its group has.</summary>
    public bool Outdated { get; init; }

    /// <summary>Something is being done with it: leave it alone.</summary>
    public bool Busy { get; init; }
}
