using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>A workergroup in an <see cref="EndpointOverview"/>.</summary>
/// <param name="Id">The workergroup's id.</param>
/// <param name="Provider">Who makes its workers.</param>
/// <param name="LaunchArgs">How they are started.</param>
public sealed record WorkergroupOverview(
    [property: JsonPropertyName("id")] long Id,
    [property: JsonPropertyName("provider")] string Provider,
    [property: JsonPropertyName("launch_args")] string? LaunchArgs)
{
    /// <summary>What went wrong last, with which worker; null while its workers come up.</summary>
    [JsonPropertyName("error")]
    public string? Error { get; init; }

    /// <summary>Seconds for which it makes no worker, because its workers broke; 0 where it may.</summary>
    [JsonPropertyName("paused_seconds")]
    public double PausedSeconds { get; init; }
}
