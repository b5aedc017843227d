using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Api;

/// <summary>Source-generated JSON of the API service's wire types.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GenerateRequest))]
[JsonSerializable(typeof(GenerateResult))]
public sealed partial class ApiJsonContext : JsonSerializerContext;
