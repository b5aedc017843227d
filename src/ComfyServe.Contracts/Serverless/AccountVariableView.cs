using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>An environment variable that the account hands to its workers, without its value.</summary>
public sealed record AccountVariableView
{
    /// <summary>Its name.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>When it was last set, Unix seconds.</summary>
    [JsonPropertyName("updated_at")]
    public required double UpdatedAt { get; init; }
}
