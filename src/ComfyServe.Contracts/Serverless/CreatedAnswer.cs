using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Answer to making an endpoint or a workergroup. Clients differ in which of the two names they read.</summary>
public sealed record CreatedAnswer
{
    /// <summary>Always true.</summary>
    [JsonPropertyName("success")]
    public bool Success { get; init; } = true;

    /// <summary>The new id.</summary>
    [JsonPropertyName("result")]
    public required long Result { get; init; }

    /// <summary>The new id again.</summary>
    [JsonPropertyName("id")]
    public required long Id { get; init; }
}
