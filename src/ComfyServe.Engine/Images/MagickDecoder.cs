using ImageMagick;

namespace ComfyServe.Engine.Images;

/// <summary>Decodes what libvips has no loader for: AVIF, HEIC, JPEG 2000, Photoshop, Netpbm, icons, PCX, TGA, DDS, SGI, QOI, and bitmaps
/// that are compressed or have alpha. The coder is named by us, so no file can choose another.</summary>
internal static class MagickDecoder
{
    /// <summary>Bytes of the mask of the largest icon, 256 pixels a side.</summary>
    private const int IconMask = 256 * 256 / 8;

    /// <summary>Decodes the pictures that Pillow would iterate over.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="kind">Its format.</param>
    /// <param name="name">What errors call the file.</param>
    /// <param name="limits">Bounds, checked before pixels are decoded.</param>
    /// <exception cref="UnidentifiedImageException">The header is broken.</exception>
    /// <exception cref="BrokenImageException">The pixels cannot be decoded.</exception>
    /// <exception cref="ImageTooLargeException">More pixels or frames than allowed.</exception>
    public static IReadOnlyList<DecodedFrame> Decode(byte[] file, ImageKind kind, string name, ImageLimits limits)
    {
        MagickRuntime.EnsureStarted();
        var settings = new MagickReadSettings { Format = Format(kind, file) };
        if (kind == ImageKind.Icon)
        {
            // Icons that Pillow writes lack the last bytes of their mask, which ImageMagick does not forgive.
            file = [.. file, .. new byte[IconMask]];
        }

        Check(file, settings, name, limits);
        using var images = new MagickImageCollection();
        try
        {
            images.Read(file, settings);
            if (kind == ImageKind.Pcx && file[3] == 1 && file[65] == 1)
            {
                // One bit: set is white to Pillow, whatever the palette says, and black to ImageMagick.
                images[0].Negate();
            }

            return [.. Chosen(kind, images).Select(image => ToFrame(image, kind))];
        }
        catch (MagickException exception)
        {
            throw new BrokenImageException("broken data stream when reading image file", exception);
        }
    }

    private static void Check(byte[] file, MagickReadSettings settings, string name, ImageLimits limits)
    {
        try
        {
            var pictures = MagickImageInfo.ReadCollection(file, settings).ToList();
            foreach (var picture in pictures)
            {
                ImageTooLargeException.ThrowIfExceeded(limits, picture.Width, picture.Height, pictures.Count);
            }
        }
        catch (MagickException exception)
        {
            throw new UnidentifiedImageException(name, exception);
        }
    }

    private static MagickFormat Format(ImageKind kind, ReadOnlySpan<byte> file) => kind switch
    {
        ImageKind.Avif => MagickFormat.Avif,
        ImageKind.Heic => MagickFormat.Heic,
        ImageKind.Jpeg2000 => file[0] == 0 ? MagickFormat.Jp2 : MagickFormat.J2c,
        ImageKind.Psd => MagickFormat.Psd,
        ImageKind.Netpbm => file[1] is (byte)'f' or (byte)'F' ? MagickFormat.Pfm : MagickFormat.Pnm,
        ImageKind.Icon => file[2] == 2 ? MagickFormat.Cur : MagickFormat.Ico,
        ImageKind.Pcx => MagickFormat.Pcx,
        ImageKind.Tga => MagickFormat.Tga,
        ImageKind.Dds => MagickFormat.Dds,
        ImageKind.Sgi => MagickFormat.Sgi,
        ImageKind.Qoi => MagickFormat.Qoi,
        ImageKind.Bmp => MagickFormat.Bmp,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no coder for this format"),
    };

    private static IEnumerable<IMagickImage<byte>> Chosen(ImageKind kind, MagickImageCollection images) => kind switch
    {
        ImageKind.Avif => images,
        ImageKind.Icon => [images.MaxBy(i => (long)i.Width * i.Height)!],
        ImageKind.Psd => [images[0], .. images.Skip(2).Select(layer => OnCanvas(layer, images[0]))],
        _ => images.Take(1),
    };

    /// <summary>A layer in its place on a canvas of the whole picture's size, with nothing around it.</summary>
    private static MagickImage OnCanvas(IMagickImage<byte> layer, IMagickImage<byte> whole)
    {
        var canvas = new MagickImage(layer.HasAlpha ? MagickColors.Transparent : MagickColors.Black, whole.Width, whole.Height);
        canvas.Composite(layer, layer.Page.X, layer.Page.Y, CompositeOperator.Copy);
        canvas.HasAlpha = layer.HasAlpha;
        return canvas;
    }

    private static DecodedFrame ToFrame(IMagickImage<byte> image, ImageKind kind)
    {
        if (image.ColorSpace == ColorSpace.CMYK)
        {
            image.ColorSpace = ColorSpace.sRGB;
        }

        using var pixels = image.GetPixelsUnsafe();
        // A fourth channel of JPEG 2000 that nothing names is alpha to Pillow.
        var unnamed = kind == ImageKind.Jpeg2000 && !image.HasAlpha && image.ChannelCount is 2 or 4;
        var bands = unnamed ? (int)image.ChannelCount : image.HasAlpha ? 4 : 3;
        var bytes = unnamed ? pixels.ToArray()! : pixels.ToByteArray(image.HasAlpha ? PixelMapping.RGBA : PixelMapping.RGB)!;
        return new DecodedFrame
        {
            Width = (int)image.Width,
            Height = (int)image.Height,
            Rgb = PixelLayout.ToRgb(bytes, bands),
            Alpha = bands is 2 or 4 ? PixelLayout.LastChannel(bytes, bands) : null,
            HasAlphaChannel = bands is 2 or 4,
        };
    }
}
