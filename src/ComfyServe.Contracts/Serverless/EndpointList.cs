using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Answer of <c>GET /api/v0/endptjobs/</c>.</summary>
/// <param name="Results">The endpoints.</param>
public sealed record EndpointList([property: JsonPropertyName("results")] IReadOnlyList<EndpointView> Results)
{
    /// <summary>Always true.</summary>
    [JsonPropertyName("success")]
    public bool Success { get; init; } = true;
}
