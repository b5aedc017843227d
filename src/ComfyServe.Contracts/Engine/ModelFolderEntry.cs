using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Engine;

/// <summary>A line of <c>GET /experiment/models</c>.</summary>
/// <param name="Name">The key of the folder.</param>
/// <param name="Folders">The folders that are searched.</param>
public sealed record ModelFolderEntry(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("folders")] IReadOnlyList<string> Folders);
