namespace ComfyServe.Engine.Images;

/// <summary>Tells formats apart by their first bytes. File names are not trusted.</summary>
internal static class ImageSignature
{
    /// <summary>The format of a file, from its first 16 bytes or fewer.</summary>
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

        return file.StartsWith("BM"u8) ? ImageKind.Bmp : ImageKind.Unknown;
    }
}
