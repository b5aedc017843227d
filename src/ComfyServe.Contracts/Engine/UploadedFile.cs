using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Engine;

/// <summary>The reply to <c>POST /upload/image</c> and <c>/upload/mask</c>: where the file is now.</summary>
/// <param name="Name">Its name; not the one that was sent when another file had that.</param>
/// <param name="Subfolder">The folder as it was sent.</param>
/// <param name="Type"><c>input</c>, <c>output</c> or <c>temp</c>.</param>
public sealed record UploadedFile(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("subfolder")] string Subfolder,
    [property: JsonPropertyName("type")] string Type);
