using ComfyServe.Gateway.Routing;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>An endpoint owner's answer to a report.</summary>
[GenerateSerializer, Immutable]
[Alias("comfyserve.ReportVerdict")]
internal sealed record ReportVerdict
{
    /// <summary>False if the endpoint has no such worker.</summary>
    [Id(0)]
    public required bool Known { get; init; }

    /// <summary>What the worker should do, see <c>WorkerCommands</c>.</summary>
    [Id(1)]
    public string? Command { get; init; }

    /// <summary>The snapshot, if the gateway's is older.</summary>
    [Id(2)]
    public EndpointSnapshot? Snapshot { get; init; }
}
