using System.Text.Json;
using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Gateway.Jobs;

/// <summary>What the ledger keeps of a job's request, sealed.</summary>
internal sealed record StoredJob
{
    /// <summary>The worker's route.</summary>
    public required string Route { get; init; }

    /// <summary>What the route gets.</summary>
    public required JsonElement Payload { get; init; }

    /// <summary>Whom to tell.</summary>
    public JobWebhook? Webhook { get; init; }

    /// <summary>As bytes.</summary>
    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, JobJson.Default.StoredJob);

    /// <summary>From bytes.</summary>
    public static StoredJob Read(ReadOnlyMemory<byte> bytes) => JsonSerializer.Deserialize(bytes.Span, JobJson.Default.StoredJob)!;
}
