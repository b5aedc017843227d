using System.Text.Json;
using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Body of <c>POST</c> and <c>PUT /api/v0/workergroups/</c>: how an endpoint's workers are made.</summary>
public sealed record WorkergroupParameters
{
    /// <summary>The endpoint, by id…</summary>
    [JsonPropertyName("endpoint_id")]
    public long? EndpointId { get; init; }

    /// <summary>…or by name.</summary>
    [JsonPropertyName("endpoint_name")]
    public string? EndpointName { get; init; }

    /// <summary>What the workers run: a version text that makes them update when it changes.</summary>
    [JsonPropertyName("template_hash")]
    public string? TemplateHash { get; init; }

    /// <summary>The original's numeric template id; kept and shown.</summary>
    [JsonPropertyName("template_id")]
    public long? TemplateId { get; init; }

    /// <summary>The original's hardware filter, a text or an object; kept and shown.</summary>
    [JsonPropertyName("search_params")]
    public JsonElement? SearchParams { get; init; }

    /// <summary>Arguments for the provider, see <see cref="Provider"/>.</summary>
    [JsonPropertyName("launch_args")]
    public string? LaunchArgs { get; init; }

    /// <summary>GPU memory in GB. Default 24; kept and shown.</summary>
    [JsonPropertyName("gpu_ram")]
    public double? GpuRam { get; init; }

    /// <summary>Overrides the endpoint's for this group.</summary>
    [JsonPropertyName("cold_workers")]
    public int? ColdWorkers { get; init; }

    /// <summary>Distinct machines to try at first. Default 3; kept and shown.</summary>
    [JsonPropertyName("test_workers")]
    public int? TestWorkers { get; init; }

    /// <summary>Accepted and kept; the endpoint's is used.</summary>
    [JsonPropertyName("min_load")]
    public double? MinLoad { get; init; }

    /// <summary>Accepted and kept; the endpoint's is used.</summary>
    [JsonPropertyName("target_util")]
    public double? TargetUtil { get; init; }

    /// <summary>Accepted and kept; the endpoint's is used.</summary>
    [JsonPropertyName("cold_mult")]
    public double? ColdMult { get; init; }

    /// <summary>Ours: who makes the workers: <c>static</c> (they come by themselves), <c>process</c>, <c>docker</c>, <c>kubernetes</c> or <c>script</c>.</summary>
    [JsonPropertyName("provider")]
    public string? Provider { get; init; }

    /// <summary>Ours: the provider's own settings, an object of texts.</summary>
    [JsonPropertyName("provider_settings")]
    public IReadOnlyDictionary<string, string>? ProviderSettings { get; init; }
}
