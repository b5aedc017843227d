using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Engine;

/// <summary>A device that an engine computes on. Sizes in bytes.</summary>
/// <param name="Name">For example <c>cpu</c>.</param>
/// <param name="Type"><c>cpu</c> or <c>cuda</c>.</param>
/// <param name="Index">Its number; null for the processor.</param>
/// <param name="VramTotal">All its memory.</param>
/// <param name="VramFree">Memory that is free.</param>
/// <param name="TorchVramTotal">Memory that the tensor library holds.</param>
/// <param name="TorchVramFree">Of that, what it does not use.</param>
public sealed record EngineDevice(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("index")] int? Index,
    [property: JsonPropertyName("vram_total")] long VramTotal,
    [property: JsonPropertyName("vram_free")] long VramFree,
    [property: JsonPropertyName("torch_vram_total")] long TorchVramTotal,
    [property: JsonPropertyName("torch_vram_free")] long TorchVramFree);
