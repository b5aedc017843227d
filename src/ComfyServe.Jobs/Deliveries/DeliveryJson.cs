using System.Text.Json.Serialization;

namespace ComfyServe.Jobs.Deliveries;

/// <summary>Source-generated JSON of the outbox.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeliveryTarget))]
internal sealed partial class DeliveryJson : JsonSerializerContext;
