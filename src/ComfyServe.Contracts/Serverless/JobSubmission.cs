using System.Text.Json;
using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>
/// Body of <c>POST /api/v1/endpoints/{name}/jobs</c>: a durable job. A body without <c>payload</c> but with <c>input</c> is taken as
/// the payload itself.
/// </summary>
public sealed record JobSubmission
{
    /// <summary>What the worker's route gets, for example <c>{"input": {"workflow_json": {…}}}</c>.</summary>
    [JsonPropertyName("payload")]
    public JsonElement? Payload { get; init; }

    /// <summary>The worker's route. Default <c>/generate/sync</c>.</summary>
    [JsonPropertyName("route")]
    public string? Route { get; init; }

    /// <summary>Load units. Default 100.</summary>
    [JsonPropertyName("cost")]
    public double? Cost { get; init; }

    /// <summary>Jobs of higher priority go first. Default 0.</summary>
    [JsonPropertyName("priority")]
    public int? Priority { get; init; }

    /// <summary>Tries before the job is parked, 1 to 20. Default 5.</summary>
    [JsonPropertyName("max_attempts")]
    public int? MaxAttempts { get; init; }

    /// <summary>Whom to tell when the job ends.</summary>
    [JsonPropertyName("webhook")]
    public JobWebhook? Webhook { get; init; }
}
