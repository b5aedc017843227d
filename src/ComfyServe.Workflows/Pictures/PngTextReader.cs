using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace ComfyServe.Workflows.Pictures;

/// <summary>Reads the texts of a PNG: <c>tEXt</c>, <c>zTXt</c> and <c>iTXt</c> chunks.</summary>
/// <remarks>PNG specification (third edition), 11.3.3.</remarks>
public static class PngTextReader
{
    /// <summary>A text may not unpack to more than this: a small file could claim gigabytes.</summary>
    private const int LongestText = 16 << 20;

    /// <summary>All texts of a file together: it may claim that of each of many.</summary>
    private const int LongestTexts = 64 << 20;

    /// <summary>The eight bytes that start every PNG.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>The texts in order; none for a file that is not a PNG. Reading stops at a broken chunk, and where the texts together are too long.</summary>
    public static IReadOnlyList<PngText> Read(ReadOnlySpan<byte> file)
    {
        var texts = new List<PngText>();
        if (!file.StartsWith(Signature))
        {
            return texts;
        }

        var left = LongestTexts;
        for (var rest = file[Signature.Length..]; rest.Length >= 12 && left > 0;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - 12)
            {
                break;
            }

            var content = rest.Slice(8, (int)length);
            if (ReadChunk(rest.Slice(4, 4), content) is { } text)
            {
                texts.Add(text);
                left -= text.Text.Length;
            }

            rest = rest[((int)length + 12)..];
        }

        return texts;
    }

    private static PngText? ReadChunk(ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        var end = content.IndexOf((byte)0);
        if (end is < 1 or > 79)
        {
            return null;
        }

        var keyword = Encoding.Latin1.GetString(content[..end]);
        var value = content[(end + 1)..];
        if (type.SequenceEqual("tEXt"u8))
        {
            return new PngText(keyword, Encoding.Latin1.GetString(value));
        }

        if (type.SequenceEqual("zTXt"u8) && value.Length > 1)
        {
            return Inflate(value[1..]) is { } unpacked ? new PngText(keyword, Encoding.Latin1.GetString(unpacked)) : null;
        }

        return type.SequenceEqual("iTXt"u8) ? ReadInternational(keyword, value) : null;
    }

    private static PngText? ReadInternational(string keyword, ReadOnlySpan<byte> value)
    {
        if (value.Length < 2)
        {
            return null;
        }

        var isCompressed = value[0] == 1;
        value = value[2..];
        for (var field = 0; field < 2; field++)
        {
            var end = value.IndexOf((byte)0);
            if (end < 0)
            {
                return null;
            }

            value = value[(end + 1)..];
        }

        var text = isCompressed ? Inflate(value) : value.ToArray();
        return text is null ? null : new PngText(keyword, Encoding.UTF8.GetString(text));
    }

    private static byte[]? Inflate(ReadOnlySpan<byte> packed)
    {
        try
        {
            using var source = new MemoryStream(packed.ToArray());
            using var zlib = new ZLibStream(source, CompressionMode.Decompress);
            var text = new byte[LongestText + 1];
            var length = zlib.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            return length > LongestText ? null : text[..length];
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
