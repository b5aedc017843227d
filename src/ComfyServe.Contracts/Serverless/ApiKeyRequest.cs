using System.Text.Json;
using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Body of <c>POST /api/v0/auth/apikeys/</c>.</summary>
public sealed record ApiKeyRequest
{
    /// <summary>A name for people.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary>The original's permissions; kept and shown. A key without the <c>misc</c> category may only read.</summary>
    [JsonPropertyName("permissions")]
    public JsonElement? Permissions { get; init; }

    /// <summary>The original's parameters; kept and shown.</summary>
    [JsonPropertyName("key_params")]
    public JsonElement? KeyParams { get; init; }

    /// <summary>Ours: <c>account</c> (default), or <c>endpoint</c> to allow only routing and jobs of <see cref="Endpoint"/>.</summary>
    [JsonPropertyName("scope")]
    public string? Scope { get; init; }

    /// <summary>Ours: the endpoint of a key with scope <c>endpoint</c>.</summary>
    [JsonPropertyName("endpoint")]
    public string? Endpoint { get; init; }
}
