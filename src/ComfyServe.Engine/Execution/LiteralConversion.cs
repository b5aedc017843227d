using System.Numerics;
using System.Text.Json.Nodes;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Execution;

/// <summary>Converts a workflow's literals to the declared types, as Python does.</summary>
internal static class LiteralConversion
{
    /// <summary>Converts a literal of a basic type; false where the type has no conversion.</summary>
    /// <exception cref="FormatException">The text is no such value.</exception>
    /// <exception cref="InvalidCastException">A value of that kind cannot be converted.</exception>
    /// <exception cref="OverflowException">The number is too large.</exception>
    public static bool Converted(string type, JsonNode? value, out JsonNode? converted)
    {
        converted = type switch
        {
            "INT" => PythonConversion.ToJson(PythonConversion.ToInteger(value)),
            "FLOAT" => JsonValue.Create(PythonConversion.ToReal(value)),
            "STRING" => JsonValue.Create(PythonText.Show(value)),
            "BOOLEAN" => JsonValue.Create(PythonConversion.ToBoolean(value)),
            _ => null,
        };
        return converted is not null;
    }

    /// <summary>Compares two numbers, each a <see cref="BigInteger"/> or a <see cref="double"/>; NaN is equal to everything.</summary>
    public static int Compare(object left, object right)
    {
        if (left is BigInteger a && right is BigInteger b)
        {
            return a.CompareTo(b);
        }

        var (x, y) = (Real(left), Real(right));
        return x < y ? -1 : x > y ? 1 : 0;
    }

    private static double Real(object number) => number is BigInteger whole ? (double)whole : (double)number;
}
