using System.Text.Json.Serialization;

namespace ComfyServe.Api.Webhooks;

/// <summary>Source-generated JSON of the outbox.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DeliveryTarget))]
internal sealed partial class WebhookJsonContext : JsonSerializerContext;
