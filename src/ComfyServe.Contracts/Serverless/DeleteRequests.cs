using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>A worker's news of ended requests (<c>POST /delete_requests/</c>), in the older or the newer form.</summary>
public sealed record DeleteRequests
{
    /// <summary>The worker's id.</summary>
    [JsonPropertyName("worker_id")]
    [JsonConverter(typeof(LooseInt64Converter))]
    public long WorkerId { get; init; }

    /// <summary>The worker's token.</summary>
    [JsonPropertyName("mtoken")]
    public string? Mtoken { get; init; }

    /// <summary>Older form: the requests…</summary>
    [JsonPropertyName("request_idxs")]
    public IReadOnlyList<long>? RequestIdxs { get; init; }

    /// <summary>…and their common outcome: true ended for good, false may be tried again.</summary>
    [JsonPropertyName("success")]
    public bool? Success { get; init; }

    /// <summary>Newer form: each with its own outcome and times.</summary>
    [JsonPropertyName("requests")]
    public IReadOnlyList<EndedRequest>? Requests { get; init; }
}
