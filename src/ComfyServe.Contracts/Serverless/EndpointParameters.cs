using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>
/// Body of <c>POST</c> and <c>PUT /api/v0/endptjobs/</c>: an endpoint's name, state and scaling parameters. Null means
/// the default when creating and unchanged when updating.
/// </summary>
public sealed record EndpointParameters
{
    /// <summary>Letters, digits, <c>_</c> <c>-</c> and spaces, up to 255.</summary>
    [JsonPropertyName("endpoint_name")]
    public string? EndpointName { get; init; }

    /// <summary>Least active capacity, load units per second. Default 1.</summary>
    [JsonPropertyName("min_load")]
    public double? MinLoad { get; init; }

    /// <summary>Least total (active and inactive) capacity, load units per second. Default 0.</summary>
    [JsonPropertyName("min_cold_load")]
    public double? MinColdLoad { get; init; }

    /// <summary>Share of the active capacity that the load should use, above 0 up to 1. Default 0.9.</summary>
    [JsonPropertyName("target_util")]
    public double? TargetUtil { get; init; }

    /// <summary>Total capacity as a multiple of the active load. Default 3.</summary>
    [JsonPropertyName("cold_mult")]
    public double? ColdMult { get; init; }

    /// <summary>Least number of workers with the model loaded, active and inactive. Default 5.</summary>
    [JsonPropertyName("cold_workers")]
    public int? ColdWorkers { get; init; }

    /// <summary>Another name of <see cref="ColdWorkers"/>.</summary>
    [JsonPropertyName("min_workers")]
    public int? MinWorkers { get; init; }

    /// <summary>Most workers in any state. Default 16.</summary>
    [JsonPropertyName("max_workers")]
    public int? MaxWorkers { get; init; }

    /// <summary>Seconds of expected queue at which a worker gets no more requests. Default 30.</summary>
    [JsonPropertyName("max_queue_time")]
    public double? MaxQueueTime { get; init; }

    /// <summary>Seconds of observed queue above which the endpoint scales up hard. Default 10.</summary>
    [JsonPropertyName("target_queue_time")]
    public double? TargetQueueTime { get; init; }

    /// <summary>Idle seconds before scaling to zero; 0 at once, negative never, null not applied.</summary>
    [JsonPropertyName("inactivity_timeout")]
    public double? InactivityTimeout { get; init; }

    /// <summary>Ours: largest cost of a request or session, load units; 0 for the default, 100 times the mean of the endpoint's requests.</summary>
    [JsonPropertyName("max_cost")]
    public double? MaxCost { get; init; }

    /// <summary><c>active</c>, <c>suspended</c> or <c>stopped</c>.</summary>
    [JsonPropertyName("endpoint_state")]
    public string? EndpointState { get; init; }
}
