namespace ComfyServe.Autoscaling.Simulation;

/// <summary>What a policy sees at one moment of a simulation.</summary>
public sealed record SimulationView
{
    /// <summary>Seconds since the start.</summary>
    public required double Now { get; init; }

    /// <summary>The machines.</summary>
    public required SimulatedFleet Fleet { get; init; }

    /// <summary>Arrivals so far.</summary>
    public required DemandWindow Arrivals { get; init; }

    /// <summary>Requests that wait.</summary>
    public required int Queued { get; init; }

    /// <summary>How long the first of them has waited, in seconds.</summary>
    public required double OldestWait { get; init; }

    /// <summary>Requests in work.</summary>
    public required int Working { get; init; }

    /// <summary>Seconds since anything arrived, waited or was worked on.</summary>
    public required double Idle { get; init; }

    /// <summary>All workers.</summary>
    public required IReadOnlyList<WorkerSnapshot> Workers { get; init; }

    /// <summary>Seconds that each idle worker has been without work, by id.</summary>
    public required IReadOnlyDictionary<long, double> IdleWorkers { get; init; }

    /// <summary>Workers that are ready or on their way.</summary>
    public int Running => Workers.Count(w => w.Phase == WorkerPhase.Idle || w.Phase.IsComing());
}
