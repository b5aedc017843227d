using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Engine;

/// <summary>A line of <c>GET /experiment/models/{folder}</c>.</summary>
/// <param name="Name">The file, relative to its folder.</param>
/// <param name="PathIndex">Which of the searched folders it is in.</param>
/// <param name="Modified">When it was written, in seconds since 1970.</param>
/// <param name="Created">When it was made, in seconds since 1970.</param>
/// <param name="Size">Bytes.</param>
public sealed record ModelFileEntry(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("pathIndex")] int PathIndex,
    [property: JsonPropertyName("modified")] double Modified,
    [property: JsonPropertyName("created")] double Created,
    [property: JsonPropertyName("size")] long Size);
