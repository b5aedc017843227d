using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>What a client asks of <c>POST /route/</c>: a worker for one request.</summary>
/// <remarks>Read for every request: members with setters are read without the boxes that constructor arguments would take.</remarks>
public sealed record RouteRequest
{
    /// <summary>The endpoint's name.</summary>
    [JsonPropertyName("endpoint")]
    public string? Endpoint { get; set; }

    /// <summary>The endpoint's key (or the account's); may also come in the query or as a bearer token.</summary>
    [JsonPropertyName("api_key")]
    public string? ApiKey { get; set; }

    /// <summary>Work of the request in load units. Default 100.</summary>
    [JsonPropertyName("cost")]
    public double? Cost { get; set; }

    /// <summary>0 for a new request, then what the gateway answered: one index stays with a request for life.</summary>
    [JsonPropertyName("request_idx")]
    [JsonConverter(typeof(LooseInt64Converter))]
    public long RequestIdx { get; set; }

    /// <summary>Seconds for which a waiting request keeps its place without being asked for again. Default 60.</summary>
    [JsonPropertyName("replay_timeout")]
    public double? ReplayTimeout { get; set; }
}
