using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>One ended request in the newer form of <see cref="DeleteRequests"/>. Times are Unix seconds of the worker's clock, 0 if not reached.</summary>
public sealed record EndedRequest
{
    /// <summary>The request's index.</summary>
    [JsonPropertyName("request_idx")]
    [JsonConverter(typeof(LooseInt64Converter))]
    public long RequestIdx { get; init; }

    /// <summary>True ended for good, false may be tried again.</summary>
    [JsonPropertyName("success")]
    public bool Success { get; init; }

    /// <summary>One of <see cref="EndedStatus"/>.</summary>
    [JsonPropertyName("status")]
    public string? Status { get; init; }

    /// <summary>Ours: the HTTP status that the client was answered with.</summary>
    [JsonPropertyName("http_status")]
    public int? HttpStatus { get; init; }

    /// <summary>Ours: the API service's id of the job.</summary>
    [JsonPropertyName("job_id")]
    public string? JobId { get; init; }

    /// <summary>Ours: why the API service gave no answer.</summary>
    [JsonPropertyName("reason")]
    public string? Reason { get; init; }

    /// <summary>When the request reached the worker.</summary>
    [JsonPropertyName("entered_queue_at")]
    public double EnteredQueueAt { get; init; }

    /// <summary>When its work began.</summary>
    [JsonPropertyName("work_started_at")]
    public double WorkStartedAt { get; init; }

    /// <summary>When its work ended.</summary>
    [JsonPropertyName("work_completed_at")]
    public double WorkCompletedAt { get; init; }
}
