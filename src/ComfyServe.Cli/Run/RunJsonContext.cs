using System.Text.Json.Serialization;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Cli.Run;

/// <summary>Source-generated JSON of what the API service streams.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RunEvent))]
[JsonSerializable(typeof(GenerateResult))]
internal sealed partial class RunJsonContext : JsonSerializerContext;
