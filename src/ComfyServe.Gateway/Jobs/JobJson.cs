using System.Text.Json.Serialization;

namespace ComfyServe.Gateway.Jobs;

/// <summary>Source-generated JSON of what the ledger keeps for the gateway.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StoredJob))]
internal sealed partial class JobJson : JsonSerializerContext;
