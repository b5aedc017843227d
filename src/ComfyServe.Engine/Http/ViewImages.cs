using System.Globalization;
using ComfyServe.Engine.Images;
using NetVips;

namespace ComfyServe.Engine.Http;

/// <summary>The pictures that <c>/view</c> makes of a file: its first frame, encoded again.</summary>
internal static class ViewImages
{
    private const int StandardQuality = 90;
    private const int PngCompression = 6;
    private static readonly ImageLimits Limits = new();

    /// <summary>A WebP or JPEG.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="preview"><c>webp;quality</c> or <c>jpeg;quality</c>; anything else is <c>webp</c> of quality 90.</param>
    /// <param name="channel">With an <c>a</c> the result has alpha, so it is a WebP; <c>rgb</c> has none; empty when the caller did not say.</param>
    /// <returns>The picture and its media type.</returns>
    public static (byte[] Bytes, string Type) Preview(byte[] file, string name, string preview, string channel)
    {
        var parts = preview.Split(';');
        var isJpeg = parts[0] == "jpeg" && !channel.Contains('a');
        var quality = parts[^1].Length > 0 && parts[^1].All(char.IsAsciiDigit) && int.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var chosen)
            ? Math.Clamp(chosen, 1, 100)
            : StandardQuality;
        var frame = ImageDecoder.Decode(file, name, Limits).Frames[0];
        var hasAlpha = frame.Alpha is not null && !isJpeg && channel != "rgb";
        VipsRuntime.EnsureStarted();
        using var raw = Image.NewFromMemory(
            hasAlpha ? WithAlpha(frame) : frame.Rgb, frame.Width, frame.Height, hasAlpha ? 4 : 3, Enums.BandFormat.Uchar);
        using var color = raw.Copy(interpretation: Enums.Interpretation.Srgb);
        return isJpeg ? (color.JpegsaveBuffer(q: quality), "image/jpeg") : (color.WebpsaveBuffer(q: quality), "image/webp");
    }

    /// <summary>A PNG of the colours without alpha, or of the alpha on black.</summary>
    public static byte[] Channel(byte[] file, string name, bool alphaOnly)
    {
        var frame = ImageDecoder.Decode(file, name, Limits).Frames[0];
        var pixels = frame.Rgb;
        if (alphaOnly)
        {
            pixels = new byte[frame.Width * frame.Height * 4];
            for (var i = 0; i < pixels.Length / 4; i++)
            {
                pixels[(i * 4) + 3] = frame.Alpha is { } alpha ? alpha[i] : byte.MaxValue;
            }
        }

        using var output = new MemoryStream();
        PngWriter.Write(output, pixels, frame.Width, frame.Height, alphaOnly ? 4 : 3, PngCompression, []);
        return output.ToArray();
    }

    /// <summary>Interleaved RGBA of a frame.</summary>
    public static byte[] WithAlpha(DecodedFrame frame) => WithAlpha(frame.Rgb, frame.Alpha);

    /// <summary>Interleaved RGBA of colours and an alpha channel; opaque where there is none.</summary>
    public static byte[] WithAlpha(ReadOnlySpan<byte> rgb, byte[]? alpha)
    {
        var pixels = new byte[rgb.Length / 3 * 4];
        for (var i = 0; i < pixels.Length / 4; i++)
        {
            rgb.Slice(i * 3, 3).CopyTo(pixels.AsSpan(i * 4));
            pixels[(i * 4) + 3] = alpha is null ? byte.MaxValue : alpha[i];
        }

        return pixels;
    }
}
