using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ComfyServe.Api.Outputs;

/// <summary>Signs the URLs of the embedded object store: HMAC-SHA256 over key and expiry.</summary>
internal sealed class UrlSigner(Func<byte[]> secret, TimeProvider time)
{
    private readonly Lazy<byte[]> _secret = new(secret); // known when the ledger is open

    /// <summary>The path and query of a key's URL, good for <paramref name="lifetime"/>.</summary>
    public string Sign(string key, TimeSpan lifetime)
    {
        var expires = (time.GetUtcNow() + lifetime).ToUnixTimeSeconds();
        return $"{PathOf(key)}?expires={expires.ToString(CultureInfo.InvariantCulture)}&signature={Signature(key, expires)}";
    }

    /// <summary>The path of a key's URL.</summary>
    public static string PathOf(string key) => "/files/" + string.Join('/', key.Split('/').Select(Uri.EscapeDataString));

    /// <summary>Whether a URL is one of an embedded store, this service's or another one's.</summary>
    public static bool IsOurs(string key, string url) => url.Contains($"{PathOf(key)}?expires=", StringComparison.Ordinal);

    /// <summary>Whether a URL was signed here and has not expired.</summary>
    public bool IsValid(string key, long expires, string signature) =>
        expires >= time.GetUtcNow().ToUnixTimeSeconds()
        && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Signature(key, expires)), Encoding.ASCII.GetBytes(signature));

    private string Signature(string key, long expires) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(_secret.Value, Encoding.UTF8.GetBytes($"{expires.ToString(CultureInfo.InvariantCulture)}\n{key}")));
}
