namespace ComfyServe.Autoscaling.Simulation;

/// <summary>How a policy did on a trace.</summary>
public sealed record SimulationResult
{
    /// <summary>The trace.</summary>
    public required string Trace { get; init; }

    /// <summary>The policy.</summary>
    public required string Policy { get; init; }

    /// <summary>Requests served.</summary>
    public required int Served { get; init; }

    /// <summary>Requests not served by the end.</summary>
    public required int Unserved { get; init; }

    /// <summary>Median queue time, seconds.</summary>
    public required double QueueP50 { get; init; }

    /// <summary>95th percentile of the queue time, seconds.</summary>
    public required double QueueP95 { get; init; }

    /// <summary>Seconds that workers were paid for, over those of the clairvoyant optimum.</summary>
    public required double Cost { get; init; }

    /// <summary>Workers started within two minutes of another's being stopped.</summary>
    public required int Flaps { get; init; }
}
