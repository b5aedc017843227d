using System.Text.Json;
using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>
/// A ticket as a worker receives it (<c>auth_data</c>): the whole route answer, sent on by the client. The first six
/// members must be there; the others are ours and may be missing.
/// </summary>
public sealed record AuthData
{
    /// <summary>The request's cost in load units.</summary>
    [JsonPropertyName("cost")]
    public double Cost { get; init; }

    /// <summary>The endpoint's name.</summary>
    [JsonPropertyName("endpoint")]
    public string? Endpoint { get; init; }

    /// <summary>The ticket's number at its worker.</summary>
    [JsonPropertyName("reqnum")]
    [JsonConverter(typeof(LooseInt64Converter))]
    public long Reqnum { get; init; }

    /// <summary>The request's index.</summary>
    [JsonPropertyName("request_idx")]
    [JsonConverter(typeof(LooseInt64Converter))]
    public long RequestIdx { get; init; }

    /// <summary>The original's signature over <see cref="Url"/>, base64.</summary>
    [JsonPropertyName("signature")]
    public string? Signature { get; init; }

    /// <summary>The URL that was signed.</summary>
    [JsonPropertyName("url")]
    public string? Url { get; init; }

    /// <summary>Our own grant; a gateway of another make gives none.</summary>
    [JsonPropertyName("grant")]
    public TicketGrant? Grant { get; init; }

    /// <summary>Members that this version does not know.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Extra { get; set; }
}
