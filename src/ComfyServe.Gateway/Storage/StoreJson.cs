using System.Text.Json.Serialization;
using ComfyServe.Autoscaling;

namespace ComfyServe.Gateway.Storage;

/// <summary>Source-generated JSON for what is stored as text.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ScalingParameters))]
[JsonSerializable(typeof(WorkerRow))]
[JsonSerializable(typeof(SiloRow))]
internal sealed partial class StoreJson : JsonSerializerContext;
