namespace ComfyServe.Gateway.Routing;

/// <summary>A worker as routing sees it.</summary>
[GenerateSerializer, Immutable]
[Alias("comfyserve.WorkerRoute")]
internal sealed record WorkerRoute
{
    /// <summary>The worker's id.</summary>
    [Id(0)]
    public required long Id { get; init; }

    /// <summary>Its advertised base URL.</summary>
    [Id(1)]
    public required string Url { get; init; }

    /// <summary>Load units per second to count on.</summary>
    [Id(2)]
    public required double Perf { get; init; }

    /// <summary>Seconds of expected queue at which the worker itself refuses, or infinity when it has not said.</summary>
    [Id(3)]
    public double QueueLimit { get; init; } = double.PositiveInfinity;

    /// <summary>Ready, alive and not draining: may get new requests.</summary>
    [Id(4)]
    public required bool Open { get; init; }

    /// <summary>Alive: requests that it holds may still end well.</summary>
    [Id(5)]
    public required bool Alive { get; init; }
}
