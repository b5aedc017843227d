using System.Text.Json;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Api.Engines;

/// <summary>Parses JSON as Python writes it: with bare <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c>, which become <c>null</c>.</summary>
internal static class PythonJson
{
    /// <summary>Parses a reply. Throws <see cref="JsonException"/> when it is not JSON even so.</summary>
    public static JsonDocument Parse(byte[] reply)
    {
        try
        {
            return JsonDocument.Parse(reply);
        }
        catch (JsonException)
        {
            return JsonDocument.Parse(TolerantJson.Normalize(reply));
        }
    }
}
