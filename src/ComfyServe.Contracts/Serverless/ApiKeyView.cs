using System.Text.Json;
using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>An API key. The key itself is shown once, in the answer to its making.</summary>
public sealed record ApiKeyView
{
    /// <summary>The key's id, for revoking; none for the key that an endpoint has by itself.</summary>
    [JsonPropertyName("id")]
    public long? Id { get; init; }

    /// <summary>The key, only when just made.</summary>
    [JsonPropertyName("key")]
    public string? Key { get; init; }

    /// <summary>Ours: the key's first 9 characters; absent for keys of earlier versions.</summary>
    [JsonPropertyName("prefix")]
    public string? Prefix { get; init; }

    /// <summary>A name for people.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary>The original's permissions.</summary>
    [JsonPropertyName("permissions")]
    public JsonElement? Permissions { get; init; }

    /// <summary><c>account</c> or <c>endpoint</c>.</summary>
    [JsonPropertyName("scope")]
    public required string Scope { get; init; }

    /// <summary>The endpoint of a key with scope <c>endpoint</c>.</summary>
    [JsonPropertyName("endpoint")]
    public string? Endpoint { get; init; }

    /// <summary>When it was made, Unix seconds.</summary>
    [JsonPropertyName("created_at")]
    public double CreatedAt { get; init; }

    /// <summary>Ours: when it was used last, Unix seconds; absent if never. At several gateways up to 10 s old.</summary>
    [JsonPropertyName("last_used_at")]
    public double? LastUsedAt { get; init; }
}
