using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Body of <c>/get_endpoint_workers/</c>, <c>/get_workergroup_workers/</c> and the log calls.</summary>
public sealed record PoolQuery
{
    /// <summary>Id of the endpoint or workergroup.</summary>
    [JsonPropertyName("id")]
    [JsonConverter(typeof(LooseInt64Converter))]
    public long Id { get; init; }

    /// <summary>The endpoint's name, instead of the id.</summary>
    [JsonPropertyName("endpoint")]
    public string? Endpoint { get; init; }

    /// <summary>The account's key.</summary>
    [JsonPropertyName("api_key")]
    public string? ApiKey { get; init; }

    /// <summary>Only so many last lines of each log.</summary>
    [JsonPropertyName("tail")]
    public int? Tail { get; init; }
}
