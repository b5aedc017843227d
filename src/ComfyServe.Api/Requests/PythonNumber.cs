using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Api.Requests;

/// <summary>A number as engines read it: what Python's <c>int()</c> and <c>float()</c> take, whatever the language of the machine. <c>7.5</c> is one, <c>7,5</c> is not.</summary>
internal readonly struct PythonNumber
{
    private readonly BigInteger? _whole;
    private readonly double _real;

    private PythonNumber(BigInteger? whole, double real) => (_whole, _real) = (whole, real);

    /// <summary>Reads a number or a text; null where it is none.</summary>
    /// <param name="value">Any value.</param>
    /// <param name="whole">Whether it becomes a whole number.</param>
    public static PythonNumber? Read(JsonElement value, bool whole)
    {
        if (value.ValueKind is not (JsonValueKind.Number or JsonValueKind.String))
        {
            return null;
        }

        try
        {
            var node = JsonValue.Create(value);
            return whole ? new(PythonConversion.ToInteger(node), 0) : new(null, PythonConversion.ToReal(node));
        }
        catch (Exception e) when (e is FormatException or OverflowException or InvalidOperationException)
        {
            return null; // InvalidOperationException: no Unicode
        }
    }

    /// <summary>Whether it is less than a limit; what is not a number is not.</summary>
    public bool IsBelow(decimal limit) => _whole is { } whole ? whole < new BigInteger(Math.Ceiling(limit)) : _real < (double)limit;

    /// <summary>Whether it is more than a limit; what is not a number is not.</summary>
    public bool IsAbove(decimal limit) => _whole is { } whole ? whole > new BigInteger(Math.Floor(limit)) : _real > (double)limit;
}
