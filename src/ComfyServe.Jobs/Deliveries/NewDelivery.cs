namespace ComfyServe.Jobs.Deliveries;

/// <summary>A webhook to deliver.</summary>
public sealed record NewDelivery
{
    /// <summary>Unique id; the receiver sees it and can tell repetitions.</summary>
    public required string Id { get; init; }

    /// <summary>Where to and with which secrets; opaque to the ledger and sealed at rest.</summary>
    public required ReadOnlyMemory<byte> Target { get; init; }

    /// <summary>The body; sealed at rest.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }
}
