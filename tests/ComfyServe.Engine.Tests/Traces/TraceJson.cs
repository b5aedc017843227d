using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>JSON by meaning: the order of an object's keys and the spelling of a number do not count.</summary>
internal static class TraceJson
{
    /// <summary>A copy with sorted keys and numbers in one spelling.</summary>
    public static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        JsonValue value when value.GetValueKind() == System.Text.Json.JsonValueKind.Number => Number(value),
        _ => node?.DeepClone(),
    };

    private static JsonNode? Number(JsonValue value)
    {
        var text = value.ToJsonString();
        return text.AsSpan().IndexOfAny('.', 'e', 'E') < 0
            ? JsonNode.Parse(text)
            : double.Parse(text) is var number && number == Math.Truncate(number) && Math.Abs(number) < 1e15 ? JsonValue.Create((long)number) : JsonValue.Create(number);
    }
}
