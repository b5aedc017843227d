using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Engine;

/// <summary>A line of <c>GET /v2/userdata</c>.</summary>
/// <param name="Name">Name of the file or folder.</param>
/// <param name="Path">Its path below the user's folder.</param>
/// <param name="Type"><c>file</c> or <c>directory</c>.</param>
/// <param name="Size">Bytes of a file.</param>
/// <param name="Modified">When a file was written, in seconds since 1970.</param>
public sealed record UserEntry(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("path")] string Path,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("size"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Size = null,
    [property: JsonPropertyName("modified"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Modified = null);
