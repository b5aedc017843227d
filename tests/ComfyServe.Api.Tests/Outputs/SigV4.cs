using System.Security.Cryptography;
using System.Text;
using ComfyServe.Testing.Web;

namespace ComfyServe.Api.Tests.Outputs;

/// <summary>The receiving side of AWS Signature Version 4 in a header, written from the specification and not from our client.</summary>
internal static class SigV4
{
    public static string Signature(
        string secret, string region, string method, string path, IEnumerable<(string Name, string Value)> signedHeaders, string payloadHash, string time)
    {
        var headers = signedHeaders.ToList();
        var names = string.Join(';', headers.Select(h => h.Name));
        var canonical = $"{method}\n{path}\n\n{string.Concat(headers.Select(h => $"{h.Name}:{h.Value.Trim()}\n"))}\n{names}\n{payloadHash}";
        var scope = $"{time[..8]}/{region}/s3/aws4_request";
        var toSign = $"AWS4-HMAC-SHA256\n{time}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = ((string[])[time[..8], region, "s3", "aws4_request"]).Aggregate(Encoding.UTF8.GetBytes($"AWS4{secret}"), Hmac);
        return Hex(Hmac(key, toSign));
    }

    /// <summary>Whether a request that was received is signed with <paramref name="secret"/>, headers and body.</summary>
    public static bool IsSigned(ReceivedRequest request, string secret, string region)
    {
        var fields = request.Headers["Authorization"]["AWS4-HMAC-SHA256 ".Length..].Split(',', StringSplitOptions.TrimEntries)
            .Select(f => f.Split('=', 2)).ToDictionary(f => f[0], f => f[1]);
        var hash = request.Headers["x-amz-content-sha256"];
        var headers = fields["SignedHeaders"].Split(';').Select(n => (n, request.Headers[n]));
        return hash == Hex(SHA256.HashData(request.Body))
            && fields["Signature"] == Signature(secret, region, request.Method, request.Path, headers, hash, request.Headers["x-amz-date"]);
    }

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
