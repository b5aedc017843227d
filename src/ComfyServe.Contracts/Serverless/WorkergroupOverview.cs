using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>A workergroup in an <see cref="EndpointOverview"/>.</summary>
/// <param name="Id">The workergroup's id.</param>
/// <param name="Provider">Who makes its workers.</param>
/// <param name="LaunchArgs">How they are started.</param>
public sealed record WorkergroupOverview(
    [property: JsonPropertyName("id")] long Id,
    [property: JsonPropertyName("provider")] string Provider,
    [property: JsonPropertyName("launch_args")] string? LaunchArgs);
