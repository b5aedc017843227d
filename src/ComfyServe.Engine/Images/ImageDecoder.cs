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
    /// <exception cref="BrokenImageException">No pixel can be decoded.</exception>
    /// <exception cref="ImageTooLargeException">More pixels or frames than allowed.</exception>
    public static DecodedImage Decode(byte[] file, string name, ImageLimits limits)
    {
        var kind = ImageSignature.Detect(file);
        if (kind == ImageKind.Unknown)
        {
            throw new UnidentifiedImageException(name);
        }

        return new DecodedImage(kind, kind switch
        {
            ImageKind.Png => DecodePng(file, name, limits),
            ImageKind.Tiff => DecodePages(file, name, limits),
            ImageKind.Jpeg or ImageKind.Webp or ImageKind.Gif => DecodeFrames(kind, file, name, limits),
            ImageKind.Bmp when BitmapDecoder.Reads(file) => [BitmapDecoder.Decode(file, name, limits)],
            _ => MagickDecoder.Decode(file, kind, name, limits),
        });
    }

    private static List<DecodedFrame> DecodePng(byte[] file, string name, ImageLimits limits)
    {
        var header = PngHeader.Read(file, name);
        if (AnimatedPng.Read(file) is not { } animation)
        {
            return DecodeFrames(ImageKind.Png, file, name, limits, header);
        }

        ImageTooLargeException.ThrowIfExceeded(limits, animation.Width, animation.Height, animation.Frames.Count);
        var canvas = new AnimationCanvas(animation.Width, animation.Height);
        // A frame that does not fit ends the animation, as a cut file does.
        var frames = animation.Frames.TakeWhile(f => f.FitsIn(animation.Width, animation.Height));
        return [.. frames.Select(f => canvas.Draw(f, DecodeFrames(ImageKind.Png, animation.Still(f), name, limits, header)[0]))];
    }

    /// <summary>Pages of a TIFF one by one: they may differ in size and in kind.</summary>
    private static List<DecodedFrame> DecodePages(byte[] file, string name, ImageLimits limits)
    {
        VipsRuntime.EnsureStarted();
        using var first = Open(ImageKind.Tiff, file, name);
        var pages = first.Contains("n-pages") ? Math.Max(1, (int)first.Get("n-pages")) : 1;
        ImageTooLargeException.ThrowIfExceeded(limits, first.Width, first.Height, pages);
        var frames = new List<DecodedFrame>();
        long pixels = 0;
        for (var number = 0; number < pages; number++)
        {
            using var page = Open(ImageKind.Tiff, file, name, number);
            pixels += (long)page.Width * page.Height;
            ImageTooLargeException.ThrowIfExceeded(limits, pixels, 1, 1);
            frames.Add(Guarded(() => DecodeFrame(page, 0, 1, null)));
        }

        return frames;
    }

    private static List<DecodedFrame> DecodeFrames(ImageKind kind, byte[] file, string name, ImageLimits limits, PngHeader? png = null)
    {
        VipsRuntime.EnsureStarted();
        using var image = Open(kind, file, name);
        var frames = image.PageHeight > 0 ? image.Height / image.PageHeight : 1;
        ImageTooLargeException.ThrowIfExceeded(limits, image.Width, image.Height / frames, frames);
        try
        {
            return [.. Enumerable.Range(0, frames).Select(frame => DecodeFrame(image, frame, frames, png))];
        }
        catch (VipsException) when (kind == ImageKind.Png)
        {
            // What a cut file lacks stays black: ComfyUI asks Pillow for that too. libvips would drop the whole strip that the cut is in.
            using var completed = Open(kind, CutPng.Completed(file), name);
            return [Guarded(() => DecodeFrame(completed, 0, 1, png))];
        }
        catch (VipsException exception)
        {
            throw Broken(exception);
        }
    }

    private static T Guarded<T>(Func<T> decode)
    {
        try
        {
            return decode();
        }
        catch (VipsException exception)
        {
            throw Broken(exception);
        }
    }

    private static BrokenImageException Broken(VipsException exception) => new("broken data stream when reading image file", exception);

    private static Image Open(ImageKind kind, byte[] file, string name, int page = 0)
    {
        try
        {
            return kind switch
            {
                // Without this a cut file decodes to black from some row on and nobody notices.
                ImageKind.Png => Image.PngloadBuffer(file, failOn: Enums.FailOn.Truncated),
                ImageKind.Jpeg => Image.JpegloadBuffer(file),
                ImageKind.Webp => Image.WebploadBuffer(file, n: -1),
                ImageKind.Gif => Image.GifloadBuffer(file, n: -1),
                _ => Image.TiffloadBuffer(file, page: page),
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
