using System.Text.Encodings.Web;
using System.Text.Json;

namespace ComfyServe.Api.Requests;

/// <summary>Strings in JSON text.</summary>
internal static class JsonText
{
    /// <summary>The string that a reader stands on; null when it is not valid Unicode (half a surrogate pair), which only passes through.</summary>
    public static string? Read(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A string as JSON, quotes included.</summary>
    public static byte[] Encode(string text) =>
        [(byte)'"', .. JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, (byte)'"'];
}
