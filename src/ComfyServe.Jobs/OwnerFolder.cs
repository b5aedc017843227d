using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace ComfyServe.Jobs;

/// <summary>
/// The name under which an owner's things are kept apart, in folders and in keys of objects. The owner's own name may hold anything, and links with it
/// are shown to others: what is derived is always <c>o-</c> and 32 lower-case hexadecimal digits, different for different owners, also where case is ignored.
/// </summary>
public static class OwnerFolder
{
    private const string Prefix = "o-";
    private const int HashBytes = 16;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    /// <summary>Length of every such name.</summary>
    public const int Length = 2 + (2 * HashBytes);

    /// <summary>The folder of an owner; null for null, that is where keys are not asked for and nothing is kept apart.</summary>
    public static string? Of(string? owner)
    {
        if (owner is null)
        {
            return null;
        }

        // Two bytes for each character: an encoding that replaces half surrogates would make one owner of two.
        var purpose = "comfyserve owner\n"u8;
        var bytes = new byte[purpose.Length + (2 * owner.Length)];
        purpose.CopyTo(bytes);
        for (var i = 0; i < owner.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(purpose.Length + (2 * i)), owner[i]);
        }

        return Prefix + Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, HashBytes));
    }

    /// <summary>Whether a name has the form of an owner's folder.</summary>
    public static bool IsOne(ReadOnlySpan<char> name) =>
        name.Length == Length && name.StartsWith(Prefix, StringComparison.Ordinal) && name[Prefix.Length..].IndexOfAnyExcept(Digits) < 0;
}
