using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Answer of <c>GET /api/v1/endpoints/{name}/jobs</c>.</summary>
/// <param name="Jobs">Newest first.</param>
public sealed record JobList([property: JsonPropertyName("jobs")] IReadOnlyList<JobView> Jobs);
