using System.Security.Cryptography;
using ComfyServe.Diffusion.Runtime;

namespace ComfyServe.Engine.Folders;

/// <summary>Tells whether a file has changed.</summary>
internal static class FileDigest
{
    private const int Part = 1 << 20;

    /// <summary>The SHA-256 of a file's content in hexadecimal digits; can be interrupted.</summary>
    public static string Of(string path)
    {
        using var file = File.OpenRead(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var part = new byte[Math.Clamp(file.Length, 1, Part)];
        for (var read = file.Read(part); read > 0; read = file.Read(part))
        {
            Interruption.Check();
            hash.AppendData(part, 0, read);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
