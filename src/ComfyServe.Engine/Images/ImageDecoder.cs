using NetVips;

namespace ComfyServe.Engine.Images;

/// <summary>Decodes image files to 8-bit RGB with optional alpha, the way Pillow converts each mode.</summary>
internal static class ImageDecoder
{
    /// <summary>Decodes all frames of a file.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">What errors call the file.</param>
    /// <param name="limits">Bounds, checked before pixels are decoded.</param>
    /// <exception cref="UnidentifiedImageException">Not a known format, or a broken header.</exception>
    /// <exception cref="BrokenImageException">The pixels cannot be decoded.</exception>
    /// <exception cref="ImageTooLargeException">More pixels or frames than allowed.</exception>
    public static DecodedImage Decode(byte[] file, string name, ImageLimits limits)
    {
        var kind = ImageSignature.Detect(file);
        if (kind == ImageKind.Unknown)
        {
            throw new UnidentifiedImageException(name);
        }

        if (kind == ImageKind.Bmp)
        {
            return new DecodedImage(kind, [BitmapDecoder.Decode(file, name, limits)]);
        }

        var png = kind == ImageKind.Png ? PngHeader.Read(file, name) : null;
        VipsRuntime.EnsureStarted();
        using var image = Open(kind, file, name);
        var frames = image.PageHeight > 0 ? image.Height / image.PageHeight : 1;
        ImageTooLargeException.ThrowIfExceeded(limits, image.Width, image.Height / frames, frames);
        try
        {
            return new DecodedImage(kind, [.. Enumerable.Range(0, frames).Select(frame => DecodeFrame(image, frame, frames, png))]);
        }
        catch (VipsException exception)
        {
            throw new BrokenImageException("broken data stream when reading image file", exception);
        }
    }

    private static Image Open(ImageKind kind, byte[] file, string name)
    {
        try
        {
            return kind switch
            {
                // Without this a cut file decodes to black and nobody notices.
                ImageKind.Png => Image.PngloadBuffer(file, failOn: Enums.FailOn.Truncated),
                ImageKind.Jpeg => Image.JpegloadBuffer(file),
                ImageKind.Webp => Image.WebploadBuffer(file, n: -1),
                ImageKind.Gif => Image.GifloadBuffer(file, n: -1),
                _ => Image.TiffloadBuffer(file),
            };
        }
        catch (VipsException exception)
        {
            throw new UnidentifiedImageException(name, exception);
        }
    }

    private static DecodedFrame DecodeFrame(Image image, int frame, int frames, PngHeader? png)
    {
        using var page = frames == 1 ? image.Copy() : image.Crop(0, frame * image.PageHeight, image.Width, image.PageHeight);
        using var upright = page.Autorot();
        using var bytes = ToBytes(upright, png);
        var (width, height, bands) = (bytes.Width, bytes.Height, bytes.Bands);
        var pixels = bytes.WriteToMemory<byte>();
        if (upright.Interpretation == Enums.Interpretation.Cmyk && bands >= 4)
        {
            return new DecodedFrame { Width = width, Height = height, Rgb = PixelLayout.CmykToRgb(pixels, bands) };
        }

        // A colour that a PNG declares transparent makes alpha, yet the picture has no such channel (see DecodedFrame).
        var declared = png is { HasTransparency: true, ColorType: 0 or 2 };
        return new DecodedFrame
        {
            Width = width,
            Height = height,
            Rgb = PixelLayout.ToRgb(pixels, bands),
            Alpha = bands is 2 or 4 ? PixelLayout.LastChannel(pixels, bands) : null,
            HasAlphaChannel = bands is 2 or 4 && !declared,
        };
    }

    /// <summary>8 bits a sample. Grey PNGs of 16 bits are divided by 255 and clipped; the rest keep their high byte.</summary>
    private static Image ToBytes(Image image, PngHeader? png)
    {
        if (image.Format == Enums.BandFormat.Uchar)
        {
            return image.Copy();
        }

        if (image.Format == Enums.BandFormat.Ushort && png is { ColorType: 0 })
        {
            using var grey = image[0];
            using var scaled = grey.Cast(Enums.BandFormat.Double) * (1 / 255.0);
            return scaled.Cast(Enums.BandFormat.Uchar);
        }

        return image.Cast(Enums.BandFormat.Uchar, shift: image.Format is Enums.BandFormat.Ushort or Enums.BandFormat.Uint);
    }
}
