using System.Text.Json.Serialization;
using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Gateway.Jobs;

/// <summary>Source-generated JSON of what the ledger keeps for the gateway.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StoredJob))]
[JsonSerializable(typeof(JobWebhook))]
internal sealed partial class JobJson : JsonSerializerContext;
