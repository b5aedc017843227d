using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace ComfyServe.Contracts.Serverless;

/// <summary>
/// Signs and checks our own part of a ticket: HMAC-SHA256 under a key made from the worker's token, which gateway and
/// worker share already. A microsecond instead of a millisecond for a second RSA signature, and no other worker accepts it.
/// </summary>
public static class GrantSignature
{
    /// <summary>Version of the signed form.</summary>
    public const int Version = 1;

    private const int MostNonce = 512;

    /// <summary>The key for a worker's grants, made from its token.</summary>
    public static byte[] KeyFor(string mtoken)
    {
        ArgumentException.ThrowIfNullOrEmpty(mtoken);
        return HMACSHA256.HashData(Encoding.UTF8.GetBytes(mtoken), "comfyserve ticket grant 1"u8);
    }

    /// <summary>The signature over a ticket's members, base64url.</summary>
    public static string Sign(byte[] key, string endpoint, string url, double cost, long reqnum, long requestIdx, long workerId, long expiresAt, string nonce)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Hash(key, endpoint, url, cost, reqnum, requestIdx, workerId, expiresAt, nonce, hash);
        return Base64Url.EncodeToString(hash);
    }

    /// <summary>Whether the grant in a ticket is the gateway's and fits the ticket's other members. Does not look at the clock.</summary>
    public static bool Verify(byte[] key, AuthData ticket)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        if (ticket is not { Grant: { Version: Version, Nonce: { Length: <= MostNonce }, Signature: not null } grant, Endpoint: { } endpoint, Url: { } url })
        {
            return false;
        }

        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Hash(key, endpoint, url, ticket.Cost, ticket.Reqnum, ticket.RequestIdx, grant.WorkerId, grant.ExpiresAt, grant.Nonce, hash);
        Span<byte> given = stackalloc byte[64];
        return grant.Signature.Length <= 64
            && Base64Url.IsValid(grant.Signature)
            && Base64Url.TryDecodeFromChars(grant.Signature, given, out var length)
            && CryptographicOperations.FixedTimeEquals(given[..length], hash);
    }

    // Lengths before texts: no two different tickets give the same bytes.
    private static void Hash(
        byte[] key, string endpoint, string url, double cost, long reqnum, long requestIdx, long workerId, long expiresAt, string nonce, Span<byte> hash)
    {
        var most = 256 + (3 * (endpoint.Length + url.Length + nonce.Length)); // UTF-8 takes at most three bytes for a character
        var text = most <= 2048 ? stackalloc byte[2048] : new byte[most];
        var fits = Utf8.TryWrite(
            text,
            CultureInfo.InvariantCulture,
            $"{endpoint.Length}:{endpoint}\n{url.Length}:{url}\n{cost:R}\n{reqnum}\n{requestIdx}\n{workerId}\n{expiresAt}\n{nonce.Length}:{nonce}",
            out var length);
        HMACSHA256.HashData(key, fits ? text[..length] : throw new InvalidOperationException("the signed text is longer than it can be"), hash);
    }
}
