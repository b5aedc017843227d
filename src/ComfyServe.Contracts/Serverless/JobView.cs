using System.Text.Json;
using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>A durable job as the gateway shows it.</summary>
public sealed record JobView
{
    /// <summary>The job's id.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary><c>queued</c>, <c>running</c>, <c>completed</c>, <c>failed</c>, <c>parked</c> (tried as often as allowed) or <c>cancelled</c>.</summary>
    [JsonPropertyName("status")]
    public required string Status { get; init; }

    /// <summary>Its endpoint's name.</summary>
    [JsonPropertyName("endpoint")]
    public required string Endpoint { get; init; }

    /// <summary>Load units.</summary>
    [JsonPropertyName("cost")]
    public double Cost { get; init; }

    /// <summary>Tries so far.</summary>
    [JsonPropertyName("attempts")]
    public int Attempts { get; init; }

    /// <summary>Tries allowed.</summary>
    [JsonPropertyName("max_attempts")]
    public int MaxAttempts { get; init; }

    /// <summary>The worker of the last try.</summary>
    [JsonPropertyName("worker")]
    public string? Worker { get; init; }

    /// <summary>When it was accepted, Unix seconds.</summary>
    [JsonPropertyName("accepted_at")]
    public double AcceptedAt { get; init; }

    /// <summary>When it ended, Unix seconds.</summary>
    [JsonPropertyName("finished_at")]
    public double? FinishedAt { get; init; }

    /// <summary>Why it did not complete, a word; while it waits, why the last try failed.</summary>
    [JsonPropertyName("error")]
    public string? Error { get; init; }

    /// <summary>The same for people.</summary>
    [JsonPropertyName("message")]
    public string? Message { get; init; }

    /// <summary>The worker's answer; not in lists.</summary>
    [JsonPropertyName("result")]
    public JsonElement? Result { get; init; }
}
