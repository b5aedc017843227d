using System.Collections.Immutable;
using ComfyServe.Gateway.Routing;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>An endpoint owner's answer to a gateway.</summary>
[GenerateSerializer, Immutable]
[Alias("comfyserve.EndpointNews")]
internal sealed record EndpointNews
{
    /// <summary>The snapshot, if the gateway's is older.</summary>
    [Id(0)]
    public EndpointSnapshot? Snapshot { get; init; }

    /// <summary>Requests of the gateway whose end was told to another.</summary>
    [Id(1)]
    public ImmutableArray<EndedWork> Ended { get; init; } = [];

    /// <summary>Reports that other gateways received, so that this one knows the workers' load too.</summary>
    [Id(2)]
    public ImmutableArray<LoadNote> Loads { get; init; } = [];

    /// <summary>The endpoint is gone.</summary>
    [Id(3)]
    public bool Gone { get; init; }
}
