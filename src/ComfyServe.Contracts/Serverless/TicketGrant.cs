using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>
/// Our own part of a ticket: it binds endpoint, worker, cost and request, ends, and can be used once. The signature
/// (<see cref="GrantSignature"/>) covers these members and the ticket's endpoint, url, cost, reqnum and request_idx.
/// </summary>
public sealed record TicketGrant
{
    /// <summary>Version of the signed form: 1.</summary>
    [JsonPropertyName("version")]
    public required int Version { get; init; }

    /// <summary>The worker that the ticket is for.</summary>
    [JsonPropertyName("worker_id")]
    public required long WorkerId { get; init; }

    /// <summary>When the ticket ends, in Unix milliseconds of the gateway's clock.</summary>
    [JsonPropertyName("expires_at")]
    public required long ExpiresAt { get; init; }

    /// <summary>
    /// Makes the ticket one of a kind: a worker refuses a nonce that it has seen. What stands before its last <c>.</c> is the same for all
    /// tickets of one key (<see cref="Holder"/>).
    /// </summary>
    [JsonPropertyName("nonce")]
    public required string Nonce { get; init; }

    /// <summary>Stands for the key that got the ticket; empty where the nonce does not tell.</summary>
    [JsonIgnore]
    public string Holder => Nonce.LastIndexOf('.') is var dot and >= 0 ? Nonce[..dot] : "";

    /// <summary>HMAC-SHA256 under a key made from the worker's token, base64url without padding.</summary>
    [JsonPropertyName("signature")]
    public required string Signature { get; init; }
}
