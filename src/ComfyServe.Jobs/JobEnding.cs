using ComfyServe.Jobs.Deliveries;

namespace ComfyServe.Jobs;

/// <summary>How a job ends, and whom to tell: written in one transaction.</summary>
public sealed record JobEnding
{
    /// <summary>A terminal state.</summary>
    public required JobState State { get; init; }

    /// <summary>For people.</summary>
    public required string Message { get; init; }

    /// <summary>Why it did not complete.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>What came of it; opaque to the ledger and sealed at rest.</summary>
    public ReadOnlyMemory<byte> Result { get; init; }

    /// <summary>Webhooks to deliver.</summary>
    public IReadOnlyList<NewDelivery> Deliveries { get; init; } = [];
}
