using System.Buffers;
using System.Buffers.Binary;

namespace ComfyServe.Engine.Images;

/// <summary>What a PNG says about its pixels before they are decoded.</summary>
/// <param name="BitDepth">Bits of one sample: 1, 2, 4, 8 or 16.</param>
/// <param name="ColorType">0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGB with alpha.</param>
/// <param name="HasTransparency">A <c>tRNS</c> chunk stands before the pixels.</param>
/// <remarks>PNG specification (third edition), 5.2, 11.2.1 and 11.3.1.1.</remarks>
internal sealed record PngHeader(int BitDepth, int ColorType, bool HasTransparency)
{
    private const int FirstChunk = 8;

    private static readonly SearchValues<byte> ChunkLetters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"u8);

    /// <summary>The eight bytes that start every PNG.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Reads the chunks before the pixels.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">What errors call the file.</param>
    /// <exception cref="UnidentifiedImageException">There is no header, or no pixels.</exception>
    /// <exception cref="BrokenImageException">A chunk is longer than the file.</exception>
    public static PngHeader Read(ReadOnlySpan<byte> file, string name)
    {
        PngHeader? header = null;
        var position = FirstChunk;
        while (file.Length - position >= 8)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(file[position..]);
            var type = file.Slice(position + 4, 4);
            if (header is not null && type.SequenceEqual("IDAT"u8))
            {
                return header;
            }

            if (type.IndexOfAnyExcept(ChunkLetters) >= 0)
            {
                break;
            }

            if (length > file.Length - position - 8)
            {
                throw new BrokenImageException("Truncated File Read");
            }

            if (type.SequenceEqual("IHDR"u8) && length == 13)
            {
                header = new PngHeader(file[position + 16], file[position + 17], HasTransparency: false);
            }
            else if (type.SequenceEqual("tRNS"u8) && header is not null)
            {
                header = header with { HasTransparency = true };
            }

            position += (int)length + 12;
        }

        throw new UnidentifiedImageException(name);
    }
}
