using System.Buffers.Binary;

namespace ComfyServe.Engine.Images;

/// <summary>Tells formats apart by their first bytes. File names are not trusted.</summary>
internal static class ImageSignature
{
    private const int TgaHeader = 18;

    /// <summary>The format of a file, from its first 64 bytes or fewer.</summary>
    public static ImageKind Detect(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith(PngHeader.Signature))
        {
            return ImageKind.Png;
        }

        if (file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
        {
            return ImageKind.Jpeg;
        }

        if (file.StartsWith("GIF87a"u8) || file.StartsWith("GIF89a"u8))
        {
            return ImageKind.Gif;
        }

        if (file.Length >= 12 && file.StartsWith("RIFF"u8) && file[8..].StartsWith("WEBP"u8))
        {
            return ImageKind.Webp;
        }

        if (file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8))
        {
            return ImageKind.Tiff;
        }

        return file.StartsWith("BM"u8) ? ImageKind.Bmp : DetectRarer(file);
    }

    private static ImageKind DetectRarer(ReadOnlySpan<byte> file)
    {
        if (file.Length >= 12 && file[4..].StartsWith("ftyp"u8))
        {
            return DetectBrand(file);
        }

        if (file.StartsWith((ReadOnlySpan<byte>)[0, 0, 0, 12, (byte)'j', (byte)'P', (byte)' ', (byte)' ']) || file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x4F, 0xFF, 0x51]))
        {
            return ImageKind.Jpeg2000;
        }

        if (file.StartsWith("8BPS"u8))
        {
            return ImageKind.Psd;
        }

        if (file.StartsWith("DDS "u8))
        {
            return ImageKind.Dds;
        }

        if (file.StartsWith("qoif"u8))
        {
            return ImageKind.Qoi;
        }

        return DetectShort(file);
    }

    /// <summary>Formats whose signature has two bytes or none: what follows must make sense too.</summary>
    private static ImageKind DetectShort(ReadOnlySpan<byte> file)
    {
        if (file.Length > 6 && file[0] == 'P' && (file[1] is >= (byte)'1' and <= (byte)'6' or (byte)'f' or (byte)'F') && (char.IsWhiteSpace((char)file[2]) || file[2] == '#'))
        {
            return ImageKind.Netpbm;
        }

        if (file.Length > 6 && file[0] == 0 && file[1] == 0 && file[2] is 1 or 2 && file[3] == 0 && (file[4] | file[5]) != 0)
        {
            return ImageKind.Icon;
        }

        if (file.StartsWith((ReadOnlySpan<byte>)[0x01, 0xDA]))
        {
            return ImageKind.Sgi;
        }

        if (file.Length >= 128 && file[0] == 10 && file[1] is 0 or 2 or 3 or 5 && file[2] is 0 or 1 && file[3] is 1 or 2 or 4 or 8)
        {
            return ImageKind.Pcx;
        }

        return IsTga(file) ? ImageKind.Tga : ImageKind.Unknown;
    }

    /// <summary>TGA has no signature: its header must hold together, by the same rules as Pillow's.</summary>
    private static bool IsTga(ReadOnlySpan<byte> file) =>
        file.Length > TgaHeader
        && file[1] is 0 or 1
        && file[2] is 1 or 2 or 3 or 9 or 10 or 11
        && BinaryPrimitives.ReadUInt16LittleEndian(file[12..]) > 0
        && BinaryPrimitives.ReadUInt16LittleEndian(file[14..]) > 0
        && file[16] is 1 or 8 or 16 or 24 or 32;

    /// <summary>ISO base media files: the major brand, then the compatible ones.</summary>
    private static ImageKind DetectBrand(ReadOnlySpan<byte> file)
    {
        var length = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(file), Math.Min(file.Length, 64));
        var heic = false;
        for (var at = 8; at + 4 <= length; at += at == 8 ? 8 : 4)
        {
            var brand = file.Slice(at, 4);
            if (brand.SequenceEqual("avif"u8) || brand.SequenceEqual("avis"u8))
            {
                return ImageKind.Avif;
            }

            heic |= brand.StartsWith("he"u8) || brand.SequenceEqual("mif1"u8) || brand.SequenceEqual("msf1"u8);
        }

        return heic ? ImageKind.Heic : ImageKind.Unknown;
    }
}
