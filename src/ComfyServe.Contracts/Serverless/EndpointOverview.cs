using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>An endpoint with what it does now. It has no key in it.</summary>
public sealed record EndpointOverview
{
    /// <summary>The endpoint's id.</summary>
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    /// <summary>The endpoint's name.</summary>
    [JsonPropertyName("endpoint_name")]
    public required string EndpointName { get; init; }

    /// <summary><c>active</c>, <c>suspended</c> or <c>stopped</c>.</summary>
    [JsonPropertyName("endpoint_state")]
    public required string EndpointState { get; init; }

    /// <summary>Requests that wait for a worker, at all gateways.</summary>
    [JsonPropertyName("queued_requests")]
    public int QueuedRequests { get; init; }

    /// <summary>Their load.</summary>
    [JsonPropertyName("queued_load")]
    public double QueuedLoad { get; init; }

    /// <summary>Load that was given to workers and has not ended, at all gateways.</summary>
    [JsonPropertyName("assigned_load")]
    public double AssignedLoad { get; init; }

    /// <summary>Durable jobs that wait for a worker.</summary>
    [JsonPropertyName("waiting_jobs")]
    public int WaitingJobs { get; init; }

    /// <summary>Its workergroups.</summary>
    [JsonPropertyName("workergroups")]
    public IReadOnlyList<WorkergroupOverview> Workergroups { get; init; } = [];

    /// <summary>Its workers.</summary>
    [JsonPropertyName("workers")]
    public IReadOnlyList<WorkerView> Workers { get; init; } = [];
}
