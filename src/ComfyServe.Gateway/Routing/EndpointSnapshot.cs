using System.Collections.Immutable;

namespace ComfyServe.Gateway.Routing;

/// <summary>What routing needs to know of an endpoint; made by the endpoint's owner, swapped whole.</summary>
[GenerateSerializer, Immutable]
[Alias("comfyserve.EndpointSnapshot")]
internal sealed record EndpointSnapshot
{
    /// <summary>Grows with each change.</summary>
    [Id(0)]
    public required long Version { get; init; }

    /// <summary>Seconds of expected queue at which a worker gets no more requests.</summary>
    [Id(1)]
    public required double MaxQueueTime { get; init; }

    /// <summary>The endpoint's workers by state, for people: <c>2 idle, 1 loading</c>.</summary>
    [Id(2)]
    public required string Summary { get; init; }

    /// <summary>Workers that have a URL, in any state.</summary>
    [Id(3)]
    public required ImmutableArray<WorkerRoute> Workers { get; init; }

    /// <summary>An endpoint without workers.</summary>
    public static EndpointSnapshot Empty { get; } = new() { Version = 0, MaxQueueTime = 30, Summary = "no workers", Workers = [] };
}
