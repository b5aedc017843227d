using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using ComfyServe.Workflows.Pictures;

namespace ComfyServe.Engine.Images;

/// <summary>Writes the chunks that a PNG is made of.</summary>
/// <remarks>PNG specification (third edition), 5.3 (layout), 11.3.3.2 (tEXt) and 11.3.3.4 (iTXt).</remarks>
internal static class PngChunks
{
    private const int LongestKeyword = 79;

    /// <summary>Length, type, data and CRC of one chunk.</summary>
    /// <param name="output">Where to write.</param>
    /// <param name="type">Four ASCII letters.</param>
    /// <param name="data">The chunk's content.</param>
    public static void Write(Stream output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        output.Write(number);
        output.Write(type);
        output.Write(data);

        var crc = new Crc32();
        crc.Append(type);
        crc.Append(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, crc.GetCurrentHashAsUInt32());
        output.Write(number);
    }

    /// <summary>A text as <c>tEXt</c>, or as <c>iTXt</c> when it has characters beyond Latin-1.</summary>
    /// <exception cref="ArgumentException">The keyword is empty, too long or not Latin-1.</exception>
    public static void WriteText(Stream output, PngText text)
    {
        if (text.Keyword.Length is 0 or > LongestKeyword || !IsLatin1(text.Keyword))
        {
            throw new ArgumentException($"PNG keyword '{text.Keyword}' must have 1 to {LongestKeyword} Latin-1 characters", nameof(text));
        }

        // A zero ends a field: it cannot be part of the text.
        var content = text.Text.Replace("\0", "", StringComparison.Ordinal);
        byte[] keyword = [.. Encoding.Latin1.GetBytes(text.Keyword), 0];
        if (IsLatin1(content))
        {
            Write(output, "tEXt"u8, [.. keyword, .. Encoding.Latin1.GetBytes(content)]);
        }
        else
        {
            // Not compressed, method 0, no language tag, no translated keyword.
            Write(output, "iTXt"u8, [.. keyword, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(content)]);
        }
    }

    private static bool IsLatin1(string text) => text.AsSpan().IndexOfAnyExceptInRange('\x01', '\xFF') < 0;
}
