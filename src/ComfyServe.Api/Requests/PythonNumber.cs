using System.Text.Json.Nodes;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Api.Requests;

/// <summary>What engines take for a number: what Python's <c>int()</c> and <c>float()</c> take, whatever the language of the machine.</summary>
internal static class PythonNumber
{
    /// <summary>Whether a text is a number: <c>7.5</c>, not <c>7,5</c>.</summary>
    public static bool IsNumber(string text, bool whole)
    {
        try
        {
            _ = whole ? PythonConversion.ToInteger(JsonValue.Create(text)) : (object)PythonConversion.ToReal(JsonValue.Create(text));
            return true;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return false;
        }
    }
}
