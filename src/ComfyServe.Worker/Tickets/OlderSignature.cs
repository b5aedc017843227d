using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Worker.Tickets;

/// <summary>
/// The original's signatures of 2024 and 2025, over Python's <c>json.dumps(…, indent=4)</c> of cost, endpoint, reqnum,
/// (2025: request_idx,) url. Numbers are written as they came in.
/// </summary>
internal static class OlderSignature
{
    private static readonly string[] Of2024 = ["cost", "endpoint", "reqnum", "url"];
    private static readonly string[] Of2025 = ["cost", "endpoint", "reqnum", "request_idx", "url"];

    /// <summary>Whether the ticket's signature is of one of the older forms.</summary>
    public static bool Verify(RSA key, JsonElement ticket)
    {
        if (!ticket.TryGetProperty("signature", out var given) || given.ValueKind != JsonValueKind.String || given.GetString() is not { Length: > 0 and <= 2048 } text)
        {
            return false;
        }

        var signature = new byte[text.Length];
        return Convert.TryFromBase64String(text, signature, out var length)
            && (Fits(key, ticket, Of2025, signature.AsSpan(0, length)) || Fits(key, ticket, Of2024, signature.AsSpan(0, length)));
    }

    /// <summary>The signed bytes of the form with these members; null when one is missing or no text or number.</summary>
    public static byte[]? SignedBytes(JsonElement ticket, IReadOnlyList<string> members)
    {
        var text = new StringBuilder("{");
        for (var i = 0; i < members.Count; i++)
        {
            text.Append(i == 0 ? "\n    \"" : ",\n    \"").Append(members[i]).Append("\": ");
            if (!ticket.TryGetProperty(members[i], out var value) || !Append(text, value))
            {
                return null;
            }
        }

        return Encoding.ASCII.GetBytes(text.Append("\n}").ToString());
    }

    private static bool Fits(RSA key, JsonElement ticket, string[] members, ReadOnlySpan<byte> signature) =>
        SignedBytes(ticket, members) is { } signed && key.VerifyData(signed, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    private static bool Append(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                PythonJson.WriteString(text, value.GetString());
                return true;
            case JsonValueKind.Number:
                var raw = value.GetRawText();
                text.Append(raw.AsSpan().IndexOfAny("eE.") < 0 ? raw : PythonJson.Number(double.Parse(raw, CultureInfo.InvariantCulture)));
                return true;
            default:
                return false;
        }
    }
}
