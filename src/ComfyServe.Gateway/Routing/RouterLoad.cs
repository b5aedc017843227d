namespace ComfyServe.Gateway.Routing;

/// <summary>What a router tells the endpoint's owner about demand.</summary>
[GenerateSerializer, Immutable]
[Alias("comfyserve.RouterLoad")]
internal sealed record RouterLoad
{
    /// <summary>Load of new requests since the last time.</summary>
    [Id(0)]
    public double Arrived { get; init; }

    /// <summary>New requests since the last time.</summary>
    [Id(1)]
    public long Requests { get; init; }

    /// <summary>Load that waits now.</summary>
    [Id(2)]
    public double QueuedLoad { get; init; }

    /// <summary>Requests that wait now.</summary>
    [Id(3)]
    public int QueuedRequests { get; init; }

    /// <summary>Seconds that the first of them has waited.</summary>
    [Id(4)]
    public double OldestWait { get; init; }

    /// <summary>Load assigned and not ended.</summary>
    [Id(5)]
    public double Outstanding { get; init; }
}
