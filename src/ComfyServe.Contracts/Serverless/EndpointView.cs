using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>An endpoint as <c>GET /api/v0/endptjobs/</c> lists it. The first five members are indispensable to the original's client.</summary>
public sealed record EndpointView
{
    /// <summary>The endpoint's id.</summary>
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    /// <summary>The endpoint's name.</summary>
    [JsonPropertyName("endpoint_name")]
    public required string EndpointName { get; init; }

    /// <summary>The endpoint's own key, for <c>/route/</c> and its workers.</summary>
    [JsonPropertyName("api_key")]
    public required string ApiKey { get; init; }

    /// <summary>The owner; 1 on a gateway with one account.</summary>
    [JsonPropertyName("user_id")]
    public required long UserId { get; init; }

    /// <summary>When it was made, Unix seconds.</summary>
    [JsonPropertyName("created_at")]
    public required double CreatedAt { get; init; }

    /// <inheritdoc cref="EndpointParameters.MinLoad"/>
    [JsonPropertyName("min_load")]
    public double MinLoad { get; init; }

    /// <inheritdoc cref="EndpointParameters.MinColdLoad"/>
    [JsonPropertyName("min_cold_load")]
    public double MinColdLoad { get; init; }

    /// <inheritdoc cref="EndpointParameters.TargetUtil"/>
    [JsonPropertyName("target_util")]
    public double TargetUtil { get; init; }

    /// <inheritdoc cref="EndpointParameters.ColdMult"/>
    [JsonPropertyName("cold_mult")]
    public double ColdMult { get; init; }

    /// <inheritdoc cref="EndpointParameters.ColdWorkers"/>
    [JsonPropertyName("cold_workers")]
    public int ColdWorkers { get; init; }

    /// <inheritdoc cref="EndpointParameters.MaxWorkers"/>
    [JsonPropertyName("max_workers")]
    public int MaxWorkers { get; init; }

    /// <inheritdoc cref="EndpointParameters.MaxQueueTime"/>
    [JsonPropertyName("max_queue_time")]
    public double MaxQueueTime { get; init; }

    /// <inheritdoc cref="EndpointParameters.TargetQueueTime"/>
    [JsonPropertyName("target_queue_time")]
    public double TargetQueueTime { get; init; }

    /// <inheritdoc cref="EndpointParameters.InactivityTimeout"/>
    [JsonPropertyName("inactivity_timeout")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? InactivityTimeout { get; init; }

    /// <summary>Ours: largest cost of a request or session, load units, as set; null for the default.</summary>
    [JsonPropertyName("max_cost")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? MaxCost { get; init; }

    /// <inheritdoc cref="EndpointParameters.EndpointState"/>
    [JsonPropertyName("endpoint_state")]
    public string EndpointState { get; init; } = "active";
}
