namespace ComfyServe.Autoscaling;

/// <summary>An endpoint's scaling parameters, with the defaults of the original's guide.</summary>
public sealed record ScalingParameters
{
    /// <summary>Least active capacity in load units per second. Default 1: at least one active worker.</summary>
    public double MinLoad { get; init; } = 1;

    /// <summary>Least total (active and inactive) capacity in load units per second. Default 0.</summary>
    public double MinColdLoad { get; init; }

    /// <summary>Share of the active capacity that the load should use, above 0 up to 1. Default 0.9.</summary>
    public double TargetUtil { get; init; } = 0.9;

    /// <summary>Total capacity as a multiple of the active load. Default 3.</summary>
    public double ColdMult { get; init; } = 3;

    /// <summary>Least number of workers with the model loaded, active and inactive. Default 5.</summary>
    public int ColdWorkers { get; init; } = 5;

    /// <summary>Most workers in any state. Default 16.</summary>
    public int MaxWorkers { get; init; } = 16;

    /// <summary>Seconds of expected queue at which a worker gets no more requests. Default 30.</summary>
    public double MaxQueueTime { get; init; } = 30;

    /// <summary>Seconds of observed queue above which the endpoint scales up hard. Default 10.</summary>
    public double TargetQueueTime { get; init; } = 10;

    /// <summary>Idle seconds before scaling to zero is allowed: 0 at once, negative never, null not applied.</summary>
    public double? InactivityTimeout { get; init; }

    /// <summary>Largest cost of a request in load units; null for 100 times the mean of the endpoint's requests.</summary>
    public double? MaxCost { get; init; }
}
