using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Body of <c>PUT /api/v1/variables/{name}</c>.</summary>
public sealed record AccountVariableRequest
{
    /// <summary>What workers get; up to 16 KiB of UTF-8 without a zero character. No call ever gives it back.</summary>
    [JsonPropertyName("value")]
    public string? Value { get; init; }
}
