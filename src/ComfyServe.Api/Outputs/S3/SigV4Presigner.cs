using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ComfyServe.Api.Outputs.S3;

/// <summary>Pre-signs GET requests: AWS Signature Version 4 in the query (docs.aws.amazon.com, "Authenticating Requests: Using Query Parameters").</summary>
internal static class SigV4Presigner
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>The URL of an object, good for <paramref name="lifetime"/>.</summary>
    /// <param name="settings">The store.</param>
    /// <param name="key">The object.</param>
    /// <param name="now">When it is signed.</param>
    /// <param name="lifetime">At most seven days.</param>
    public static string Sign(S3Settings settings, string key, DateTimeOffset now, TimeSpan lifetime)
    {
        var (origin, path) = Locate(settings, key);
        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var scope = $"{time[..8]}/{settings.Region}/s3/aws4_request";
        var query = $"X-Amz-Algorithm={Algorithm}&X-Amz-Credential={Escape($"{settings.AccessKeyId}/{scope}")}&X-Amz-Date={time}"
            + $"&X-Amz-Expires={(long)lifetime.TotalSeconds}&X-Amz-SignedHeaders=host";
        var canonical = $"GET\n{path}\n{query}\nhost:{origin.Authority}\n\nhost\nUNSIGNED-PAYLOAD";
        var toSign = $"{Algorithm}\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var signature = Convert.ToHexStringLower(Hmac(KeyFor(settings, time[..8]), toSign));
        return $"{origin.Scheme}://{origin.Authority}{path}?{query}&X-Amz-Signature={signature}";
    }

    /// <summary>On AWS the bucket is part of the host's name, elsewhere of the path.</summary>
    private static (Uri Origin, string Path) Locate(S3Settings settings, string key)
    {
        var escaped = string.Join('/', key.Split('/').Select(Escape));
        if (settings.Endpoint.Length > 0)
        {
            var endpoint = new Uri(settings.Endpoint);
            return (endpoint, $"{endpoint.AbsolutePath.TrimEnd('/')}/{Escape(settings.Bucket)}/{escaped}");
        }

        // A dot in the bucket's name breaks the certificate of the host's name.
        return settings.Bucket.Contains('.', StringComparison.Ordinal)
            ? (new Uri($"https://s3.{settings.Region}.amazonaws.com"), $"/{Escape(settings.Bucket)}/{escaped}")
            : (new Uri($"https://{settings.Bucket}.s3.{settings.Region}.amazonaws.com"), $"/{escaped}");
    }

    private static byte[] KeyFor(S3Settings settings, string day)
    {
        var key = Encoding.UTF8.GetBytes($"AWS4{settings.SecretAccessKey}");
        foreach (var part in (ReadOnlySpan<string>)[day, settings.Region, "s3", "aws4_request"])
        {
            key = Hmac(key, part);
        }

        return key;
    }

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Escape(string text) => Uri.EscapeDataString(text);
}
