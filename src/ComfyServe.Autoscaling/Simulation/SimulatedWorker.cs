namespace ComfyServe.Autoscaling.Simulation;

/// <summary>A worker of a simulation.</summary>
internal sealed class SimulatedWorker(long id, WorkerPhase phase, double readyAt)
{
    public long Id { get; } = id;

    public WorkerPhase Phase { get; set; } = phase;

    /// <summary>When it becomes ready, while it is coming.</summary>
    public double ReadyAt { get; set; } = readyAt;

    /// <summary>When its request ends; NaN while it has none.</summary>
    public double BusyUntil { get; set; } = double.NaN;

    /// <summary>Arrival of the request that it has.</summary>
    public double Arrival { get; set; }

    /// <summary>Since when it has had nothing to do.</summary>
    public double IdleSince { get; set; } = readyAt;

    public bool IsBusy => !double.IsNaN(BusyUntil);
}
