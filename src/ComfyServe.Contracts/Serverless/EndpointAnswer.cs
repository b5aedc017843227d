using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Answer of <c>GET /api/v0/endptjobs/{id}/</c>.</summary>
/// <param name="Result">The endpoint.</param>
public sealed record EndpointAnswer([property: JsonPropertyName("result")] EndpointView Result)
{
    /// <summary>Always true.</summary>
    [JsonPropertyName("success")]
    public bool Success { get; init; } = true;
}
