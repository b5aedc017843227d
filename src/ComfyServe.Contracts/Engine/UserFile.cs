using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Engine;

/// <summary>A file of the user's data, where a caller asked for more than its name.</summary>
/// <param name="Path">Relative to the folder that was asked for.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Modified">When it was written, in seconds since 1970.</param>
/// <param name="Created">When it was made, in seconds since 1970.</param>
public sealed record UserFile(
    [property: JsonPropertyName("path")] string Path,
    [property: JsonPropertyName("size")] long Size,
    [property: JsonPropertyName("modified")] double Modified,
    [property: JsonPropertyName("created")] double Created);
