using System.Collections.Immutable;
using ComfyServe.Gateway.Routing;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>What a gateway tells an endpoint's owner a few times a second.</summary>
[GenerateSerializer, Immutable]
[Alias("comfyserve.GatewaySync")]
internal sealed record GatewaySync
{
    /// <summary>The gateway: number of its start.</summary>
    [Id(0)]
    public required long Gateway { get; init; }

    /// <summary>Version of the snapshot that it has.</summary>
    [Id(1)]
    public required long KnownVersion { get; init; }

    /// <summary>Its demand.</summary>
    [Id(2)]
    public required RouterLoad Load { get; init; }

    /// <summary>Requests of its own that ended.</summary>
    [Id(3)]
    public ImmutableArray<EndedWork> Ended { get; init; } = [];

    /// <summary>Ends that a worker told this gateway and that are another gateway's.</summary>
    [Id(4)]
    public ImmutableArray<EndedWork> Strangers { get; init; } = [];
}
