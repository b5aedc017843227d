using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Engine;

/// <summary>A line of the engine's log.</summary>
/// <param name="Time">When, as ISO 8601 in local time.</param>
/// <param name="Message">The text with its line end.</param>
public sealed record LogLine(
    [property: JsonPropertyName("t")] string Time,
    [property: JsonPropertyName("m")] string Message);
