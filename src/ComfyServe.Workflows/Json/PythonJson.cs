using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Workflows.Json;

/// <summary>
/// Writes JSON the way ComfyUI's Python does: <c>", "</c> and <c>": "</c> between things, everything outside ASCII
/// escaped, floats as Python prints them, and the text of numbers that came in left as it was.
/// </summary>
public static class PythonJson
{
    private const string Digits = "0123456789abcdef";

    /// <summary>Characters that stand for themselves within a string.</summary>
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        [.. Enumerable.Range(0x20, 0x60).Select(c => (char)c).Where(c => c is not '"' and not '\\')]);

    /// <summary>The text of a value; null is <c>null</c>.</summary>
    public static string Write(JsonNode? value)
    {
        var text = new StringBuilder(256);
        Write(text, value);
        return text.ToString();
    }

    /// <summary>Appends the text of a value; null is <c>null</c>.</summary>
    public static void Write(StringBuilder text, JsonNode? value)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case JsonObject map:
                WriteObject(text, map);
                break;
            case JsonArray list:
                WriteArray(text, list);
                break;
            default:
                WriteScalar(text, value.AsValue());
                break;
        }
    }

    /// <summary>Appends a quoted string.</summary>
    public static void WriteString(StringBuilder text, ReadOnlySpan<char> value)
    {
        text.Append('"');
        while (value.Length > 0)
        {
            var plain = value.IndexOfAnyExcept(Plain);
            if (plain < 0)
            {
                text.Append(value);
                break;
            }

            text.Append(value[..plain]);
            WriteEscaped(text, value[plain]);
            value = value[(plain + 1)..];
        }

        text.Append('"');
    }

    /// <summary>A float as Python's <c>repr</c> prints it: <c>8.0</c>, <c>1e-05</c>, <c>1e+16</c>.</summary>
    public static string Number(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
        }

        var shortest = value.ToString("E16", CultureInfo.InvariantCulture);
        var roundTrip = value.ToString("R", CultureInfo.InvariantCulture);
        var exponent = value == 0 ? 0 : int.Parse(shortest.AsSpan(shortest.IndexOf('E') + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return exponent is >= -4 and < 16 ? Positional(roundTrip, value) : Scientific(roundTrip);
    }

    private static void WriteObject(StringBuilder text, JsonObject map)
    {
        text.Append('{');
        var first = true;
        foreach (var (key, value) in map)
        {
            text.Append(first ? "" : ", ");
            first = false;
            WriteString(text, key);
            text.Append(": ");
            Write(text, value);
        }

        text.Append('}');
    }

    private static void WriteArray(StringBuilder text, JsonArray list)
    {
        text.Append('[');
        for (var i = 0; i < list.Count; i++)
        {
            text.Append(i == 0 ? "" : ", ");
            Write(text, list[i]);
        }

        text.Append(']');
    }

    private static void WriteScalar(StringBuilder text, JsonValue value)
    {
        if (value.TryGetValue(out string? s))
        {
            WriteString(text, s);
        }
        else if (value.TryGetValue(out bool b))
        {
            text.Append(b ? "true" : "false");
        }
        else if (value.TryGetValue(out JsonElement element))
        {
            text.Append(element.GetRawText());
        }
        else
        {
            WriteNumber(text, value);
        }
    }

    private static void WriteNumber(StringBuilder text, JsonValue value) =>
        _ = value.GetValue<object>() switch
        {
            double d => text.Append(Number(d)),
            float f => text.Append(Number(f)),
            long l => text.Append(l),
            int i => text.Append(i),
            ulong u => text.Append(u),
            BigInteger big => text.Append(big.ToString(CultureInfo.InvariantCulture)),
            _ => text.Append(value.ToJsonString()),
        };

    private static void WriteEscaped(StringBuilder text, char c) =>
        _ = c switch
        {
            '"' => text.Append("\\\""),
            '\\' => text.Append("\\\\"),
            '\n' => text.Append("\\n"),
            '\r' => text.Append("\\r"),
            '\t' => text.Append("\\t"),
            '\b' => text.Append("\\b"),
            '\f' => text.Append("\\f"),
            _ => text.Append("\\u").Append(Digits[c >> 12]).Append(Digits[(c >> 8) & 15]).Append(Digits[(c >> 4) & 15]).Append(Digits[c & 15]),
        };

    private static string Positional(string roundTrip, double value)
    {
        var text = roundTrip.Contains('E', StringComparison.Ordinal)
            ? value.ToString("0.####################", CultureInfo.InvariantCulture)
            : roundTrip;
        return text.Contains('.', StringComparison.Ordinal) ? text : text + ".0";
    }

    private static string Scientific(string roundTrip)
    {
        // .NET's "R" gives 1E+16 or, up to 1E+15, digits alone; Python gives 1e+16 with at least two exponent digits.
        if (!roundTrip.Contains('E', StringComparison.Ordinal))
        {
            var negative = roundTrip.StartsWith('-');
            var digits = roundTrip.AsSpan(negative ? 1 : 0).ToString();
            var exponent = digits.Length - 1;
            var mantissa = digits.TrimEnd('0');
            roundTrip = $"{(negative ? "-" : "")}{mantissa[0]}{(mantissa.Length > 1 ? "." + mantissa[1..] : "")}E+{exponent}";
        }

        var split = roundTrip.IndexOf('E', StringComparison.Ordinal);
        var sign = roundTrip[split + 1];
        var power = roundTrip[(split + 2)..].TrimStart('0').PadLeft(2, '0');
        return $"{roundTrip[..split]}e{sign}{power}";
    }
}
