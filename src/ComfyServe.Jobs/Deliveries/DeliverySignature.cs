using System.Security.Cryptography;
using System.Text;

namespace ComfyServe.Jobs.Deliveries;

/// <summary>Signs deliveries: the original's header over the body, and Standard Webhooks' over id, time and body.</summary>
public static class DeliverySignature
{
    private const string Prefix = "whsec_";

    /// <summary><c>X-Webhook-Signature</c>: HMAC-SHA256 of the body in hexadecimal.</summary>
    public static string Original(string secret, ReadOnlySpan<byte> body) =>
        $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body))}";

    /// <summary><c>webhook-signature</c>: one <c>v1,base64</c> for each secret, so that receivers can change theirs at leisure.</summary>
    public static string Standard(IReadOnlyList<string> secrets, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        var start = Encoding.UTF8.GetBytes($"{id}.{timestamp}.");
        var signed = new byte[start.Length + body.Length];
        start.CopyTo(signed, 0);
        body.CopyTo(signed.AsSpan(start.Length));
        return string.Join(' ', secrets.Select(s => $"v1,{Convert.ToBase64String(HMACSHA256.HashData(KeyOf(s), signed))}"));
    }

    /// <summary>A secret with the standard's prefix is base64; any other one is taken as it stands.</summary>
    private static byte[] KeyOf(string secret)
    {
        if (secret.StartsWith(Prefix, StringComparison.Ordinal))
        {
            var key = new byte[secret.Length];
            if (Convert.TryFromBase64String(secret[Prefix.Length..], key, out var length))
            {
                return key[..length];
            }
        }

        return Encoding.UTF8.GetBytes(secret);
    }
}
