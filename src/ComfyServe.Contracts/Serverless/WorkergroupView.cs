using System.Text.Json;
using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>A workergroup as <c>GET /api/v0/workergroups/</c> lists it.</summary>
public sealed record WorkergroupView
{
    /// <summary>The workergroup's id.</summary>
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    /// <summary>Its endpoint.</summary>
    [JsonPropertyName("endpoint_id")]
    public required long EndpointId { get; init; }

    /// <summary>Its endpoint's name.</summary>
    [JsonPropertyName("endpoint_name")]
    public required string EndpointName { get; init; }

    /// <inheritdoc cref="WorkergroupParameters.TemplateHash"/>
    [JsonPropertyName("template_hash")]
    public string? TemplateHash { get; init; }

    /// <inheritdoc cref="WorkergroupParameters.TemplateId"/>
    [JsonPropertyName("template_id")]
    public long? TemplateId { get; init; }

    /// <inheritdoc cref="WorkergroupParameters.SearchParams"/>
    [JsonPropertyName("search_query")]
    public JsonElement? SearchQuery { get; init; }

    /// <inheritdoc cref="WorkergroupParameters.LaunchArgs"/>
    [JsonPropertyName("launch_args")]
    public string? LaunchArgs { get; init; }

    /// <inheritdoc cref="WorkergroupParameters.GpuRam"/>
    [JsonPropertyName("gpu_ram")]
    public double GpuRam { get; init; }

    /// <inheritdoc cref="WorkergroupParameters.TestWorkers"/>
    [JsonPropertyName("test_workers")]
    public int TestWorkers { get; init; }

    /// <inheritdoc cref="WorkergroupParameters.MinLoad"/>
    [JsonPropertyName("min_load")]
    public double? MinLoad { get; init; }

    /// <inheritdoc cref="WorkergroupParameters.TargetUtil"/>
    [JsonPropertyName("target_util")]
    public double? TargetUtil { get; init; }

    /// <inheritdoc cref="WorkergroupParameters.ColdMult"/>
    [JsonPropertyName("cold_mult")]
    public double? ColdMult { get; init; }

    /// <inheritdoc cref="WorkergroupParameters.ColdWorkers"/>
    [JsonPropertyName("cold_workers")]
    public int? ColdWorkers { get; init; }

    /// <summary>The endpoint's key.</summary>
    [JsonPropertyName("api_key")]
    public required string ApiKey { get; init; }

    /// <summary>When it was made, Unix seconds.</summary>
    [JsonPropertyName("created_at")]
    public required double CreatedAt { get; init; }

    /// <summary>The owner.</summary>
    [JsonPropertyName("user_id")]
    public required long UserId { get; init; }

    /// <inheritdoc cref="WorkergroupParameters.Provider"/>
    [JsonPropertyName("provider")]
    public required string Provider { get; init; }
}
