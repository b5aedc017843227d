using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Engine;

/// <summary>What an engine can do: the reply to <c>GET /features</c> and to a client's first WebSocket message.</summary>
/// <param name="SupportsPreviewMetadata">Previews can name their node (binary message 4).</param>
/// <param name="MaxUploadSize">Longest body in bytes.</param>
public sealed record EngineFeatures(
    [property: JsonPropertyName("supports_preview_metadata")] bool SupportsPreviewMetadata,
    [property: JsonPropertyName("max_upload_size")] long MaxUploadSize);
