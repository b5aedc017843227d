using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Body of <c>POST /update_workers/</c>: replace a workergroup's workers without downtime, or stop doing so.</summary>
public sealed record UpdateWorkersRequest
{
    /// <summary>The workergroup.</summary>
    [JsonPropertyName("workergroup_id")]
    [JsonConverter(typeof(LooseInt64Converter))]
    public long WorkergroupId { get; init; }

    /// <summary>The account's key.</summary>
    [JsonPropertyName("api_key")]
    public string? ApiKey { get; init; }

    /// <summary>True to end an update that is under way.</summary>
    [JsonPropertyName("cancel_update")]
    public bool? CancelUpdate { get; init; }
}
