namespace ComfyServe.Autoscaling;

/// <summary>Everything that a scaling decision depends on.</summary>
public sealed record FleetSnapshot
{
    /// <summary>What the endpoint's owner wants of it.</summary>
    public EndpointState State { get; init; }

    /// <summary>The endpoint's parameters.</summary>
    public required ScalingParameters Parameters { get; init; }

    /// <summary>What is asked of it.</summary>
    public required DemandSnapshot Demand { get; init; }

    /// <summary>Its workers.</summary>
    public required IReadOnlyList<WorkerSnapshot> Workers { get; init; }

    /// <summary>Seconds until a new worker is ready.</summary>
    public double RecruitTime { get; init; } = 120;

    /// <summary>Seconds until a stopped worker is ready again.</summary>
    public double StartTime { get; init; } = 30;

    /// <summary>Its workergroups whose provider can make, start and stop workers.</summary>
    public IReadOnlyList<GroupSnapshot> Groups { get; init; } = [];
}
