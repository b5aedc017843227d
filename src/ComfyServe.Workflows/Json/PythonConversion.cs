using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Workflows.Json;

/// <summary>Python's <c>int()</c>, <c>float()</c>, <c>str()</c> and <c>bool()</c> on JSON values, with its messages.</summary>
public static class PythonConversion
{
    /// <summary>Whole numbers of more digits are refused, as Python does: conversion takes quadratic time.</summary>
    public const int MaxDigits = 4300;

    /// <summary><c>int(value)</c>.</summary>
    /// <exception cref="FormatException">The text is no whole number.</exception>
    /// <exception cref="InvalidCastException">The type has no conversion.</exception>
    /// <exception cref="OverflowException">Infinity.</exception>
    public static BigInteger ToInteger(JsonNode? value) => Scalar(value) switch
    {
        BigInteger whole => whole,
        bool flag => flag ? BigInteger.One : BigInteger.Zero,
        double.NaN => throw new FormatException("cannot convert float NaN to integer"),
        double real when double.IsInfinity(real) => throw new OverflowException("cannot convert float infinity to integer"),
        double real => new BigInteger(Math.Truncate(real)),
        string text => ParseInteger(text),
        _ => throw new InvalidCastException(
            $"int() argument must be a string, a bytes-like object or a real number, not '{PythonText.TypeName(value)}'"),
    };

    /// <summary><c>float(value)</c>.</summary>
    /// <exception cref="FormatException">The text is no number.</exception>
    /// <exception cref="InvalidCastException">The type has no conversion.</exception>
    /// <exception cref="OverflowException">The whole number is too large.</exception>
    public static double ToReal(JsonNode? value) => Scalar(value) switch
    {
        double real => real,
        bool flag => flag ? 1 : 0,
        BigInteger whole => (double)whole is var real && double.IsFinite(real) ? real : throw new OverflowException("int too large to convert to float"),
        string text => ParseReal(text),
        _ => throw new InvalidCastException($"float() argument must be a string or a real number, not '{PythonText.TypeName(value)}'"),
    };

    /// <summary><c>bool(value)</c>: empty and zero are false.</summary>
    public static bool ToBoolean(JsonNode? value) => value switch
    {
        null => false,
        JsonObject map => map.Count > 0,
        JsonArray list => list.Count > 0,
        _ => Scalar(value) switch
        {
            bool flag => flag,
            string text => text.Length > 0,
            BigInteger whole => !whole.IsZero,
            double real => real != 0,
            _ => true,
        },
    };

    /// <summary>The value of a scalar: a <see cref="string"/>, <see cref="bool"/>, <see cref="BigInteger"/>,
    /// <see cref="double"/> or null; the node itself where it is an object or a list.</summary>
    public static object? Scalar(JsonNode? value)
    {
        if (value is not JsonValue scalar)
        {
            return value;
        }

        return scalar.GetValueKind() switch
        {
            JsonValueKind.String => scalar.TryGetValue(out string? text) ? text : scalar.ToString(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Null => null,
            _ => Number(scalar),
        };
    }

    /// <summary>A number as Python reads it: a <see cref="BigInteger"/> where the text has neither point nor exponent,
    /// else a <see cref="double"/>.</summary>
    public static object Number(JsonValue value)
    {
        if (value.TryGetValue(out JsonElement element))
        {
            var text = element.GetRawText();
            return text.AsSpan().IndexOfAny('.', 'e', 'E') < 0
                ? (object)(text.Length <= MaxDigits ? BigInteger.Parse(text, CultureInfo.InvariantCulture) : throw TooLong(text.Length))
                : double.Parse(text, CultureInfo.InvariantCulture);
        }

        return value.GetValue<object>() switch
        {
            double real => real,
            float real => (double)real,
            int whole => new BigInteger(whole),
            long whole => new BigInteger(whole),
            ulong whole => new BigInteger(whole),
            BigInteger whole => whole,
            var other => throw new InvalidCastException($"'{other}' ({other.GetType()}) is no number of JSON"),
        };
    }

    /// <summary>JSON of a whole number of any size.</summary>
    public static JsonNode ToJson(BigInteger value) =>
        value >= long.MinValue && value <= long.MaxValue ? JsonValue.Create((long)value)
        : value >= ulong.MinValue && value <= ulong.MaxValue ? JsonValue.Create((ulong)value)
        : JsonNode.Parse(value.ToString(CultureInfo.InvariantCulture))!;

    private static BigInteger ParseInteger(string text)
    {
        var digits = WithoutUnderscores(text.Trim());
        if (digits is { Length: > MaxDigits })
        {
            throw TooLong(digits.Length);
        }

        return digits is not null && BigInteger.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            ? whole
            : throw new FormatException($"invalid literal for int() with base 10: {PythonText.Quote(text)}");
    }

    private static double ParseReal(string text)
    {
        var trimmed = text.Trim();
        switch (trimmed.TrimStart('+', '-').ToUpperInvariant())
        {
            case "NAN" when trimmed.Length <= 4:
                return double.NaN;
            case "INF" or "INFINITY" when trimmed.Length - trimmed.TrimStart('+', '-').Length <= 1:
                return trimmed[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        }

        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return WithoutUnderscores(trimmed) is { } digits && digits.Any(char.IsAsciiDigit) && double.TryParse(digits, Style, CultureInfo.InvariantCulture, out var real)
            ? real
            : throw new FormatException($"could not convert string to float: {PythonText.Quote(text)}");
    }

    /// <summary>Python allows single underscores between digits; null where they are elsewhere.</summary>
    private static string? WithoutUnderscores(string text)
    {
        if (!text.Contains('_', StringComparison.Ordinal))
        {
            return text;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '_' && (i == 0 || i == text.Length - 1 || !char.IsAsciiDigit(text[i - 1]) || !char.IsAsciiDigit(text[i + 1])))
            {
                return null;
            }
        }

        return text.Replace("_", "", StringComparison.Ordinal);
    }

    private static FormatException TooLong(int digits) => new(
        $"Exceeds the limit ({MaxDigits} digits) for integer string conversion: value has {digits} digits; use sys.set_int_max_str_digits() to increase the limit");
}
