using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Execution;

/// <summary>How long a value is as JSON in ASCII, about: it is not written for that.</summary>
internal static class JsonSize
{
    private const int Number = 16;
    private const int Escape = 6;

    /// <summary>The bytes of a value and all that it holds.</summary>
    public static long Of(JsonNode? value)
    {
        var size = 0L;
        var open = new Stack<JsonNode?>([value]);
        while (open.TryPop(out var node))
        {
            size += node switch
            {
                JsonObject map => Add(open, map),
                JsonArray list => Add(open, list),
                JsonValue scalar when scalar.TryGetValue(out string? text) => Of(text),
                _ => Number,
            };
        }

        return size;
    }

    /// <summary>The bytes of a text.</summary>
    public static long Of(string text)
    {
        var plain = 0L;
        foreach (var unit in text)
        {
            plain += unit is >= ' ' and < (char)127 and not ('"' or '\\') ? 1 : 0;
        }

        return plain + (Escape * (text.Length - plain)) + 4;
    }

    private static long Add(Stack<JsonNode?> open, JsonObject map)
    {
        var size = 2L;
        foreach (var (name, value) in map)
        {
            size += Of(name);
            open.Push(value);
        }

        return size;
    }

    private static long Add(Stack<JsonNode?> open, JsonArray list)
    {
        foreach (var value in list)
        {
            open.Push(value);
        }

        return 2L + (2L * list.Count);
    }
}
