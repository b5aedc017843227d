namespace ComfyServe.Autoscaling.Simulation;

/// <summary>What all policies of a comparison meet: the same machines.</summary>
public sealed record SimulatedFleet
{
    /// <summary>Load of a request.</summary>
    public double Cost { get; init; } = 100;

    /// <summary>Load units per second of a worker, which does one request at a time.</summary>
    public double Perf { get; init; } = 20;

    /// <summary>Seconds until a new worker is ready.</summary>
    public double RecruitTime { get; init; } = 90;

    /// <summary>Seconds until a stopped worker is ready again.</summary>
    public double StartTime { get; init; } = 20;

    /// <summary>Most workers.</summary>
    public int MaxWorkers { get; init; } = 40;

    /// <summary>Workers that are ready at the start.</summary>
    public int ActiveAtStart { get; init; } = 1;

    /// <summary>Workers that are stopped at the start.</summary>
    public int StoppedAtStart { get; init; } = 12;

    /// <summary>Seconds that a request takes.</summary>
    public double ServiceTime => Cost / Perf;
}
