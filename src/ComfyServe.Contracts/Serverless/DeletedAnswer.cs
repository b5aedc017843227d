using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Answer to deleting an endpoint or a workergroup.</summary>
public sealed record DeletedAnswer
{
    /// <summary>Always true.</summary>
    [JsonPropertyName("success")]
    public bool Success { get; init; } = true;

    /// <summary>Workers that are being destroyed.</summary>
    [JsonPropertyName("deleted_workers")]
    public IReadOnlyList<long> DeletedWorkers { get; init; } = [];

    /// <summary>Workers that could not be.</summary>
    [JsonPropertyName("failed_workers")]
    public IReadOnlyList<long> FailedWorkers { get; init; } = [];

    /// <summary>One sentence.</summary>
    [JsonPropertyName("msg")]
    public string Msg { get; init; } = "";
}
