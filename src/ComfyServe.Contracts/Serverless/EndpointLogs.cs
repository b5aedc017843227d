using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Answer of <c>/get_endpoint_logs/</c>: the lines of each level, newest last.</summary>
public sealed record EndpointLogs
{
    /// <summary>State changes: what an operator wants to know.</summary>
    [JsonPropertyName("info0")]
    public required string Info0 { get; init; }

    /// <summary>Scaling decisions with their reasons.</summary>
    [JsonPropertyName("info1")]
    public required string Info1 { get; init; }

    /// <summary>Events of single workers.</summary>
    [JsonPropertyName("trace")]
    public required string Trace { get; init; }

    /// <summary>The numbers behind each decision.</summary>
    [JsonPropertyName("debug")]
    public required string Debug { get; init; }
}
