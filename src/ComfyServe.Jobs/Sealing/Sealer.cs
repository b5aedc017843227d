using System.Buffers.Binary;
using System.Security.Cryptography;
using ComfyServe.Hosting.Files;

namespace ComfyServe.Jobs.Sealing;

/// <summary>
/// Seals what may hold secrets (payloads, results, webhook targets) before it reaches the disk: AES-256-GCM, a fresh nonce each,
/// bound to the record that it belongs to. Form: version 1, 12 bytes nonce, 16 bytes tag, ciphertext.
/// </summary>
public sealed class Sealer : IDisposable
{
    private const byte Version = 1;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int HeaderSize = 1 + NonceSize + TagSize;

    private readonly byte[] _key;

    /// <summary>Seals with <paramref name="key"/>, 32 bytes.</summary>
    public Sealer(ReadOnlySpan<byte> key)
    {
        if (key.Length != 32)
        {
            throw new ArgumentException("a sealing key is 32 bytes long", nameof(key));
        }

        _key = key.ToArray();
    }

    /// <summary>Reads the key from a file, or makes one that only the owner may read.</summary>
    public static Sealer FromFile(string path)
    {
        if (!File.Exists(path))
        {
            PrivateFiles.CreateFolder(Path.GetDirectoryName(path)!);
            var partial = $"{path}.{Guid.NewGuid():N}";
            using (var file = PrivateFiles.Write(partial, FileMode.CreateNew))
            {
                file.Write(RandomNumberGenerator.GetBytes(32));
                file.Flush(flushToDisk: true);
            }

            try
            {
                File.Move(partial, path, overwrite: false);
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(partial); // Another process was first; its key counts.
            }
        }

        return new(File.ReadAllBytes(path));
    }

    /// <summary>Seals <paramref name="plain"/>.</summary>
    /// <param name="plain">What to hide.</param>
    /// <param name="owner">The record that it belongs to: it can be opened only there.</param>
    public byte[] Seal(ReadOnlySpan<byte> plain, string owner)
    {
        var box = new byte[HeaderSize + plain.Length];
        box[0] = Version;
        var nonce = box.AsSpan(1, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_key, TagSize);
        aes.Encrypt(nonce, plain, box.AsSpan(HeaderSize), box.AsSpan(1 + NonceSize, TagSize), Associated(owner));
        return box;
    }

    /// <summary>Opens what <see cref="Seal"/> made. Throws <see cref="CryptographicException"/> when the key is another, or something was changed.</summary>
    public byte[] Open(ReadOnlySpan<byte> box, string owner)
    {
        if (box.Length < HeaderSize || box[0] != Version)
        {
            throw new CryptographicException("not a sealed record");
        }

        var plain = new byte[box.Length - HeaderSize];
        using var aes = new AesGcm(_key, TagSize);
        aes.Decrypt(box.Slice(1, NonceSize), box[HeaderSize..], box.Slice(1 + NonceSize, TagSize), plain, Associated(owner));
        return plain;
    }

    /// <summary>A key for another purpose, made from this one.</summary>
    public byte[] Derive(string purpose, int length = 32) => HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, length, info: Associated(purpose));

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(_key);

    private static byte[] Associated(string owner)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(owner);
        var framed = new byte[4 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed, bytes.Length);
        bytes.CopyTo(framed, 4);
        return framed;
    }
}
