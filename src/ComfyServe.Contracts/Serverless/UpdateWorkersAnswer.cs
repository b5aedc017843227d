using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Answer of <c>POST /update_workers/</c>.</summary>
public sealed record UpdateWorkersAnswer
{
    /// <summary>Always true.</summary>
    [JsonPropertyName("success")]
    public bool Success { get; init; } = true;

    /// <summary>Workers that will be updated.</summary>
    [JsonPropertyName("workers_to_update")]
    public int? WorkersToUpdate { get; init; }

    /// <summary>True when an update was ended.</summary>
    [JsonPropertyName("cancelled")]
    public bool? Cancelled { get; init; }
}
