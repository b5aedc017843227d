using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Engine;

/// <summary>The reply to <c>GET /system_stats</c>.</summary>
/// <param name="System">The program and its memory.</param>
/// <param name="Devices">What computes.</param>
public sealed record EngineSystemStats(
    [property: JsonPropertyName("system")] EngineSystem System,
    [property: JsonPropertyName("devices")] IReadOnlyList<EngineDevice> Devices);
