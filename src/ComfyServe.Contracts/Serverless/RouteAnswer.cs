using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>
/// The answer of <c>POST /route/</c>. With <see cref="Url"/> it is a ticket, which the client sends on to the worker as
/// <c>auth_data</c>, unknown members included; without, the request waits and is to be asked for again.
/// </summary>
/// <remarks>Absent members are left out: a client takes <c>"url": null</c> for a worker and then asks in a tight loop.</remarks>
public sealed record RouteAnswer
{
    /// <summary>The endpoint's name.</summary>
    [JsonPropertyName("endpoint")]
    public required string Endpoint { get; init; }

    /// <summary>Base URL of the worker, without a trailing slash.</summary>
    [JsonPropertyName("url")]
    public string? Url { get; init; }

    /// <summary>The request's cost, as asked.</summary>
    [JsonPropertyName("cost")]
    public double? Cost { get; init; }

    /// <summary>Counts the tickets for this worker.</summary>
    [JsonPropertyName("reqnum")]
    public long? Reqnum { get; init; }

    /// <summary>The original's signature: RSA over the worker's URL (<see cref="UrlSignature"/>), base64.</summary>
    [JsonPropertyName("signature")]
    public string? Signature { get; init; }

    /// <summary>The request's index. Always there: a client that misses it would count as a new request each time.</summary>
    [JsonPropertyName("request_idx")]
    public required long RequestIdx { get; init; }

    /// <summary>A new UUID for each answer.</summary>
    [JsonPropertyName("__request_id")]
    public string? CallId { get; init; }

    /// <summary><c>queued</c>, or the endpoint's workers by state, while there is no worker.</summary>
    [JsonPropertyName("status")]
    public string? Status { get; init; }

    /// <summary>Requests ahead of this one, while it waits.</summary>
    [JsonPropertyName("queue_position")]
    public int? QueuePosition { get; init; }

    /// <summary>Requests that wait at this endpoint.</summary>
    [JsonPropertyName("queue_depth")]
    public int? QueueDepth { get; init; }

    /// <summary>Our own grant, which binds what the original's signature leaves open.</summary>
    [JsonPropertyName("grant")]
    public TicketGrant? Grant { get; init; }
}
