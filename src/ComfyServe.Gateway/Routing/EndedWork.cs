namespace ComfyServe.Gateway.Routing;

/// <summary>A request that ended at a worker.</summary>
[GenerateSerializer, Immutable]
[Alias("comfyserve.EndedWork")]
internal sealed record EndedWork
{
    /// <summary>The request's index.</summary>
    [Id(0)]
    public required long RequestIdx { get; init; }

    /// <summary>The worker.</summary>
    [Id(1)]
    public required long WorkerId { get; init; }

    /// <summary>How it ended.</summary>
    [Id(2)]
    public required EndKind Kind { get; init; }

    /// <summary>Its cost, 0 if unknown.</summary>
    [Id(3)]
    public double Cost { get; init; }

    /// <summary>Start of its work in seconds of the worker's clock, 0 if unknown.</summary>
    [Id(4)]
    public double StartedAt { get; init; }

    /// <summary>End of its work in seconds of the worker's clock, 0 if unknown.</summary>
    [Id(5)]
    public double CompletedAt { get; init; }

    /// <summary>HTTP status that the client was answered with, 0 if unknown.</summary>
    [Id(6)]
    public int Status { get; init; }

    /// <summary>The job's id at the worker's API service, if known.</summary>
    [Id(7)]
    public string? JobId { get; init; }

    /// <summary>Why it did not end well, if known.</summary>
    [Id(8)]
    public string? Reason { get; init; }
}
