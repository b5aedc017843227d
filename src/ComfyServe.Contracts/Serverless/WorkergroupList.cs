using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Answer of <c>GET /api/v0/workergroups/</c>.</summary>
/// <param name="Results">The workergroups.</param>
public sealed record WorkergroupList([property: JsonPropertyName("results")] IReadOnlyList<WorkergroupView> Results)
{
    /// <summary>Always true.</summary>
    [JsonPropertyName("success")]
    public bool Success { get; init; } = true;
}
