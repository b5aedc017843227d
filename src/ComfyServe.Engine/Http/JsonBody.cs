using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using ComfyServe.Workflows.Json;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Engine.Http;

/// <summary>Reads JSON from requests into trees that several threads may read: nothing in them is parsed later.</summary>
internal static class JsonBody
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 512 };

    /// <summary>The request's body. <c>IsJson</c> is false for an empty or malformed one.</summary>
    /// <exception cref="BadHttpRequestException">The body is longer than the server allows.</exception>
    public static async Task<(bool IsJson, JsonNode? Value)> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return TryParse(body.GetBuffer().AsMemory(0, (int)body.Length), out var value) ? (true, value) : (false, null);
    }

    /// <summary>The request's body where it is an object; else null.</summary>
    /// <exception cref="BadHttpRequestException">The body is longer than the server allows.</exception>
    public static async Task<JsonObject?> ReadObjectAsync(HttpContext context) => (await ReadAsync(context)).Value as JsonObject;

    /// <summary>Parses a text. Of keys that come twice the last counts.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> text, out JsonNode? value)
    {
        try
        {
            using var document = JsonDocument.Parse(TolerantJson.Normalize(text), Options);
            value = Build(document.RootElement.Clone());
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Malformed, too deep, or a string of bytes that are not UTF-8.
            value = null;
            return false;
        }
    }

    /// <summary>What Python takes for true.</summary>
    public static bool IsTruthy(JsonNode? value) => value switch
    {
        null => false,
        JsonObject map => map.Count > 0,
        JsonArray list => list.Count > 0,
        _ => value.GetValueKind() switch
        {
            JsonValueKind.True => true,
            JsonValueKind.String => value.GetValue<string>().Length > 0,
            JsonValueKind.Number => double.TryParse(value.ToJsonString(), out var number) && number != 0,
            _ => false,
        },
    };

    /// <summary>Python fails at whole numbers of more digits while it reads the body; whatever looks at one later would fail too.</summary>
    private static JsonElement Readable(JsonElement number)
    {
        var text = number.GetRawText();
        return text.Length <= PythonConversion.MaxDigits || text.AsSpan().IndexOfAny('.', 'e', 'E') >= 0
            ? number
            : throw new BadHttpRequestException($"A whole number of the body has {text.Length} digits; use at most {PythonConversion.MaxDigits}");
    }

    /// <summary>What a string of JSON means. Half of a surrogate pair (<c>\ud83d</c>) is a character like any other, as in Python.</summary>
    private static string Text(ReadOnlySpan<byte> raw)
    {
        var text = Utf8.IsValid(raw) ? Encoding.UTF8.GetString(raw) : throw new JsonException("the text has bytes that are not UTF-8");
        var escape = text.IndexOf('\\', StringComparison.Ordinal);
        if (escape < 0)
        {
            return text;
        }

        var meant = new StringBuilder(text.Length).Append(text, 0, escape);
        for (var i = escape; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                meant.Append(text[i]);
                continue;
            }

            var letter = text[++i];
            if (letter == 'u')
            {
                meant.Append((char)ushort.Parse(text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i += 4;
            }
            else
            {
                meant.Append(letter switch { 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', _ => letter });
            }
        }

        return meant.ToString();
    }

    private static JsonNode? Build(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var map = new JsonObject();
                foreach (var property in element.EnumerateObject())
                {
                    map[Text(JsonMarshal.GetRawUtf8PropertyName(property))] = Build(property.Value);
                }

                return map;
            case JsonValueKind.Array:
                return new JsonArray([.. element.EnumerateArray().Select(Build)]);
            case JsonValueKind.String:
                return JsonValue.Create(Text(JsonMarshal.GetRawUtf8Value(element)[1..^1]));
            case JsonValueKind.True or JsonValueKind.False:
                return JsonValue.Create(element.ValueKind == JsonValueKind.True);
            case JsonValueKind.Number:
                return JsonValue.Create(Readable(element));
            default:
                return null;
        }
    }
}
