using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;

namespace ComfyServe.Gateway.Keys;

/// <summary>All keys by hash; an immutable set that is swapped whole.</summary>
internal sealed class KeyRing
{
    private FrozenDictionary<UInt128, Caller> _callers = FrozenDictionary<UInt128, Caller>.Empty;

    /// <summary>SHA-256 of a key, lower-case hex: what is stored. Keys are long and random, so a slow hash would add nothing.</summary>
    public static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>Swaps the keys: hash (hex) and whom it belongs to.</summary>
    public void Replace(IEnumerable<KeyValuePair<string, Caller>> keys) =>
        Volatile.Write(ref _callers, keys.ToFrozenDictionary(k => Head(Convert.FromHexString(k.Key)), k => k.Value));

    /// <summary>Whose key this is, or null.</summary>
    public Caller? Find(ReadOnlySpan<char> key)
    {
        if (key.IsEmpty || key.Length > 512)
        {
            return null;
        }

        Span<byte> text = stackalloc byte[1536];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text[..Encoding.UTF8.GetBytes(key, text)], hash);
        return Volatile.Read(ref _callers).GetValueOrDefault(Head(hash));
    }

    // 128 bits of the hash: no pair of keys will ever agree in them.
    private static UInt128 Head(ReadOnlySpan<byte> hash) => System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
}
