using System.Collections.Immutable;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>A worker's load, as it reported it to one gateway, on its way to the others.</summary>
/// <param name="WorkerId">The worker.</param>
/// <param name="Load">Its load.</param>
/// <param name="Working">Its requests, or default if it does not say.</param>
/// <param name="BootId">The start of the worker that reported, or null if it does not say.</param>
/// <param name="Sequence">Number of the report since that start.</param>
/// <param name="Sessions">Those of its requests that are open sessions, or default.</param>
[GenerateSerializer, Immutable]
[Alias("comfyserve.LoadNote")]
internal sealed record LoadNote(
    [property: Id(0)] long WorkerId, [property: Id(1)] double Load, [property: Id(2)] ImmutableArray<long> Working,
    [property: Id(3)] string? BootId, [property: Id(4)] long Sequence, [property: Id(5)] ImmutableArray<long> Sessions);
