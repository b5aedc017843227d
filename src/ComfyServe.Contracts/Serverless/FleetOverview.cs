using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>All endpoints at one moment: answer of <c>/api/v1/overview</c>, and each line of <c>/api/v1/overview/live</c>.</summary>
/// <param name="At">The gateway's clock, Unix seconds.</param>
/// <param name="Endpoints">The endpoints, in order of their ids.</param>
public sealed record FleetOverview(
    [property: JsonPropertyName("at")] double At,
    [property: JsonPropertyName("endpoints")] IReadOnlyList<EndpointOverview> Endpoints);
