using System.Text.Json.Serialization;

namespace ComfyServe.Api.Inputs;

/// <summary>Source-generated JSON of the input cache.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CachedFile))]
internal sealed partial class InputJsonContext : JsonSerializerContext;
