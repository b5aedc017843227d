using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Client;

/// <summary>Reads and shortens bodies that may not be what they should.</summary>
internal static class WireText
{
    private const int Longest = 512;

    /// <summary>At most 512 characters, so that an error never carries a whole page.</summary>
    public static string Shorten(string text) => text.Length <= Longest ? text : text[..Longest];

    /// <summary>A URL as it may be shown: without user and query, where keys hide.</summary>
    public static string Shown(Uri url) => url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');

    /// <summary>The parsed JSON, or null.</summary>
    public static JsonNode? TryParse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A number that may be written as an integer, a float or text.</summary>
    public static double Number(JsonNode? node) => node switch
    {
        JsonValue value when value.TryGetValue<double>(out var number) => number,
        JsonValue value when value.TryGetValue<string>(out var text) && double.TryParse(text, out var number) => number,
        _ => 0,
    };
}
