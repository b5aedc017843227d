using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Workflows.Json;

/// <summary>Values as Python's <c>str()</c> and <c>repr()</c> show them in messages.</summary>
public static class PythonText
{
    /// <summary><c>str()</c>: a text is itself.</summary>
    public static string Show(JsonNode? value) =>
        value is JsonValue scalar && scalar.TryGetValue(out string? text) ? text : Quote(value);

    /// <summary><c>repr()</c>: a text is in quotes.</summary>
    public static string Quote(JsonNode? value)
    {
        var text = new StringBuilder();
        Append(text, value);
        return text.ToString();
    }

    /// <summary><c>repr()</c> of a text.</summary>
    public static string Quote(string value)
    {
        var text = new StringBuilder(value.Length + 2);
        Append(text, value);
        return text.ToString();
    }

    /// <summary><c>repr()</c> of a list of texts.</summary>
    public static string Quote(IEnumerable<string> values) => $"[{string.Join(", ", values.Select(Quote))}]";

    /// <summary>The name of the value's type: <c>str</c>, <c>int</c>, <c>NoneType</c>…</summary>
    public static string TypeName(JsonNode? value) => value switch
    {
        null => "NoneType",
        JsonObject => "dict",
        JsonArray => "list",
        _ => value.GetValueKind() switch
        {
            JsonValueKind.String => "str",
            JsonValueKind.True or JsonValueKind.False => "bool",
            _ => PythonConversion.Number(value.AsValue()) is BigInteger ? "int" : "float",
        },
    };

    private static void Append(StringBuilder text, JsonNode? value)
    {
        switch (value)
        {
            case null:
                text.Append("None");
                break;
            case JsonObject map:
                AppendAll(text, '{', map, '}', static (text, entry) =>
                {
                    Append(text, entry.Key);
                    text.Append(": ");
                    Append(text, entry.Value);
                });
                break;
            case JsonArray list:
                AppendAll(text, '[', list, ']', Append);
                break;
            default:
                AppendScalar(text, value.AsValue());
                break;
        }
    }

    private static void AppendAll<T>(StringBuilder text, char open, IEnumerable<T> items, char close, Action<StringBuilder, T> append)
    {
        text.Append(open);
        var isFirst = true;
        foreach (var item in items)
        {
            text.Append(isFirst ? "" : ", ");
            isFirst = false;
            append(text, item);
        }

        text.Append(close);
    }

    private static void AppendScalar(StringBuilder text, JsonValue value)
    {
        if (value.TryGetValue(out string? words))
        {
            Append(text, words);
        }
        else if (value.TryGetValue(out bool flag))
        {
            text.Append(flag ? "True" : "False");
        }
        else
        {
            text.Append(Number(PythonConversion.Number(value)));
        }
    }

    /// <summary>A number as Python shows it: <c>8</c>, <c>8.0</c>, <c>nan</c>.</summary>
    /// <param name="number">A <see cref="BigInteger"/> or a <see cref="double"/>.</param>
    public static string Number(object number) => number switch
    {
        BigInteger whole => whole.ToString(CultureInfo.InvariantCulture),
        double.NaN => "nan",
        double.PositiveInfinity => "inf",
        double.NegativeInfinity => "-inf",
        double real => PythonJson.Number(real),
        _ => throw new ArgumentException($"'{number}' is a {number.GetType()}, not a BigInteger or a double", nameof(number)),
    };

    private static void Append(StringBuilder text, string value)
    {
        var quote = value.Contains('\'', StringComparison.Ordinal) && !value.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        text.Append(quote);
        foreach (var rune in value.EnumerateRunes())
        {
            AppendRune(text, rune, quote);
        }

        text.Append(quote);
    }

    private static void AppendRune(StringBuilder text, Rune rune, char quote)
    {
        switch (rune.Value)
        {
            case '\\':
                text.Append("\\\\");
                break;
            case '\n':
                text.Append("\\n");
                break;
            case '\r':
                text.Append("\\r");
                break;
            case '\t':
                text.Append("\\t");
                break;
            default:
                AppendPlain(text, rune, quote);
                break;
        }
    }

    private static void AppendPlain(StringBuilder text, Rune rune, char quote)
    {
        if (rune.Value == quote)
        {
            text.Append('\\').Append(quote);
        }
        else if (IsPrintable(rune))
        {
            text.Append(rune.ToString());
        }
        else
        {
            text.Append(rune.Value switch
            {
                <= 0xFF => $"\\x{rune.Value:x2}",
                <= 0xFFFF => $"\\u{rune.Value:x4}",
                _ => $"\\U{rune.Value:x8}",
            });
        }
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
