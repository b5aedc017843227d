using System.Text.Json.Serialization;

namespace ComfyServe.Gateway.Providers;

/// <summary>Source-generated JSON of what providers keep.</summary>
[JsonSerializable(typeof(ProcessState))]
internal sealed partial class ProviderJson : JsonSerializerContext;
