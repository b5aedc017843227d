using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ComfyServe.Contracts.Serverless;

/// <summary>
/// The original's ticket signature: RSASSA-PKCS1-v1_5 with SHA-256 over the bytes that Python's
/// <c>json.dumps({"url": url}, indent=4, sort_keys=True)</c> gives. It binds nothing but the worker's URL.
/// </summary>
public static class UrlSignature
{
    /// <summary>The signed bytes. Written by hand: JSON writers differ in what they escape and how they break lines.</summary>
    public static byte[] SignedBytes(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        var text = new StringBuilder("{\n    \"url\": \"", url.Length + 20);
        foreach (var character in url)
        {
            AppendEscaped(text, character);
        }

        return Encoding.ASCII.GetBytes(text.Append("\"\n}").ToString());
    }

    /// <summary>Signs a worker's URL; the same URL and key always give the same text.</summary>
    public static string Sign(RSA key, string url)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Convert.ToBase64String(key.SignData(SignedBytes(url), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    /// <summary>Whether <paramref name="signature"/> (base64) is the gateway's over <paramref name="url"/>.</summary>
    public static bool Verify(RSA key, string? url, string? signature)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (string.IsNullOrEmpty(url) || string.IsNullOrEmpty(signature) || signature.Length > 2048)
        {
            return false;
        }

        var bytes = new byte[signature.Length];
        return Convert.TryFromBase64String(signature, bytes, out var length)
            && key.VerifyData(SignedBytes(url), bytes.AsSpan(0, length), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    // Python's ensure_ascii: quotes, backslashes and controls are escaped, the rest of ASCII is not, everything above is \uXXXX.
    private static void AppendEscaped(StringBuilder text, char character)
    {
        switch (character)
        {
            case '"': text.Append("\\\""); break;
            case '\\': text.Append("\\\\"); break;
            case '\n': text.Append("\\n"); break;
            case '\r': text.Append("\\r"); break;
            case '\t': text.Append("\\t"); break;
            case '\b': text.Append("\\b"); break;
            case '\f': text.Append("\\f"); break;
            case >= ' ' and <= '~' or '\x7f': text.Append(character); break;
            default: text.Append("\\u").Append(((int)character).ToString("x4", CultureInfo.InvariantCulture)); break;
        }
    }
}
