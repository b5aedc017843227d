using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>An answer that says only that it was done.</summary>
public sealed record SuccessAnswer
{
    /// <summary>Always true.</summary>
    [JsonPropertyName("success")]
    public bool Success { get; init; } = true;
}
