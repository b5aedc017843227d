using System.Buffers.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace ComfyServe.Hosting.Json;

/// <summary>
/// Finds texts in JSON that are no Unicode: half of a surrogate pair (<c>"\ud800"</c>, which JSON's grammar allows), or bytes that are not UTF-8. They cannot be
/// encoded again, so that they break whatever they reach.
/// </summary>
public static class JsonUnicode
{
    private const int MaxDepth = 1024;

    /// <summary>What to say about it.</summary>
    public const string Complaint = "Input should be valid Unicode: it has half of a surrogate pair, or bytes that are not UTF-8";

    /// <summary>Path of the first such text (of its object, where it is a name): names and indexes. Null where there is none, or where it is no JSON.</summary>
    public static IReadOnlyList<object>? FirstFault(ReadOnlySpan<byte> json)
    {
        if (Utf8.IsValid(json) && json.IndexOf("\\ud"u8) < 0 && json.IndexOf("\\uD"u8) < 0)
        {
            return null; // Nearly all.
        }

        try
        {
            return Walk(new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth }));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static List<object>? Walk(Utf8JsonReader reader)
    {
        var path = new List<object>(); // of the value that comes next
        var isArray = new Stack<bool>();
        while (reader.Read())
        {
            var type = reader.TokenType;
            if (type is JsonTokenType.PropertyName or JsonTokenType.String && !IsWhole(reader.ValueSpan))
            {
                return type == JsonTokenType.PropertyName ? path[..^1] : path;
            }

            switch (type)
            {
                case JsonTokenType.PropertyName:
                    path[^1] = reader.GetString()!;
                    break;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    isArray.Push(type == JsonTokenType.StartArray);
                    path.Add(0);
                    break;
                default:
                    if (type is JsonTokenType.EndObject or JsonTokenType.EndArray)
                    {
                        isArray.Pop();
                        path.RemoveAt(path.Count - 1);
                    }

                    if (isArray.TryPeek(out var inArray) && inArray)
                    {
                        path[^1] = (int)path[^1] + 1;
                    }

                    break;
            }
        }

        return null;
    }

    private static bool IsWhole(ReadOnlySpan<byte> raw)
    {
        if (!Utf8.IsValid(raw))
        {
            return false;
        }

        while (raw.IndexOf((byte)'\\') is >= 0 and var at)
        {
            raw = raw[at..];
            var unit = Unit(raw);
            if (char.IsLowSurrogate(unit) || (char.IsHighSurrogate(unit) && !char.IsLowSurrogate(Unit(raw[6..]))))
            {
                return false;
            }

            raw = raw[(char.IsHighSurrogate(unit) ? 12 : 2)..];
        }

        return true;
    }

    /// <summary>The code unit of the escape that a text begins with, or 0.</summary>
    private static char Unit(ReadOnlySpan<byte> raw) =>
        raw.StartsWith("\\u"u8) && raw.Length >= 6 && Utf8Parser.TryParse(raw[2..6], out ushort unit, out var read, 'x') && read == 4 ? (char)unit : '\0';
}
