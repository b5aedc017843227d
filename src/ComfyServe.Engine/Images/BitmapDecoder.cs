using System.Buffers.Binary;

namespace ComfyServe.Engine.Images;

/// <summary>Decodes uncompressed Windows bitmaps of 1, 4, 8, 24 or 32 bits a pixel, whose fourth byte is padding to Pillow. Others have alpha or
/// are compressed: <see cref="MagickDecoder"/> reads them.</summary>
/// <remarks>Layout: Microsoft, "Bitmap Storage" (BITMAPFILEHEADER, BITMAPINFOHEADER).</remarks>
internal static class BitmapDecoder
{
    private const int FileHeader = 14;
    private const int InfoHeader = 40;
    private const int Uncompressed = 0;

    /// <summary>Whether a bitmap is one of those that this class decodes, from its header.</summary>
    public static bool Reads(ReadOnlySpan<byte> file) =>
        file.Length >= FileHeader + InfoHeader
        && Int32(file, FileHeader) >= InfoHeader
        && Int32(file, FileHeader + 16) == Uncompressed
        && BinaryPrimitives.ReadUInt16LittleEndian(file[(FileHeader + 14)..]) is 1 or 4 or 8 or 24 or 32;

    /// <summary>Decodes one bitmap. Alpha bytes of 32-bit bitmaps are padding.</summary>
    /// <exception cref="UnidentifiedImageException">Compressed, of another depth, or broken.</exception>
    /// <exception cref="ImageTooLargeException">More pixels than allowed.</exception>
    public static DecodedFrame Decode(ReadOnlySpan<byte> file, string name, ImageLimits limits)
    {
        if (file.Length < FileHeader + InfoHeader || Int32(file, FileHeader) < InfoHeader)
        {
            throw new UnidentifiedImageException(name);
        }

        long width = Int32(file, FileHeader + 4), rows = Int32(file, FileHeader + 8);
        var height = Math.Abs(rows);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(file[(FileHeader + 14)..]), compression = Int32(file, FileHeader + 16);
        if (width < 1 || height < 1 || bits is not (1 or 4 or 8 or 24 or 32) || compression != Uncompressed)
        {
            throw new UnidentifiedImageException(name);
        }

        ImageTooLargeException.ThrowIfExceeded(limits, width, height, frames: 1);
        var stride = ((width * bits) + 31) / 32 * 4;
        long start = (uint)Int32(file, 10), palette = FileHeader + (uint)Int32(file, FileHeader);
        var colors = bits > 8 ? 0 : 1L << bits;
        if (start + (stride * height) > file.Length || palette + (colors * 4) > file.Length)
        {
            throw new UnidentifiedImageException(name);
        }

        var rgb = new byte[width * height * 3];
        for (var y = 0; y < height; y++)
        {
            var line = rows < 0 ? y : height - 1 - y;
            var source = file.Slice((int)(start + (line * stride)), (int)stride);
            ReadRow(source, bits, file[(int)palette..], rgb.AsSpan((int)(y * width * 3), (int)width * 3));
        }

        return new DecodedFrame { Width = (int)width, Height = (int)height, Rgb = rgb };
    }

    private static void ReadRow(ReadOnlySpan<byte> source, int bits, ReadOnlySpan<byte> palette, Span<byte> rgb)
    {
        for (int x = 0, to = 0; to < rgb.Length; x++, to += 3)
        {
            var color = bits > 8 ? source[(x * bits / 8)..] : palette[(PaletteIndex(source, x, bits) * 4)..];
            (rgb[to], rgb[to + 1], rgb[to + 2]) = (color[2], color[1], color[0]);
        }
    }

    private static int PaletteIndex(ReadOnlySpan<byte> source, int x, int bits)
    {
        var bit = x * bits;
        return (source[bit / 8] >> (8 - bits - (bit % 8))) & ((1 << bits) - 1);
    }

    private static int Int32(ReadOnlySpan<byte> file, int offset) => BinaryPrimitives.ReadInt32LittleEndian(file[offset..]);
}
