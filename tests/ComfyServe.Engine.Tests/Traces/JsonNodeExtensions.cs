using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Tests.Traces;

internal static class JsonNodeExtensions
{
    /// <summary>The value where it is an object; else null.</summary>
    public static JsonObject? AsObjectOrNull(this JsonNode? node) => node as JsonObject;
}
