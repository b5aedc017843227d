namespace ComfyServe.Engine.Images;

/// <summary>Rearranges interleaved 8-bit pixels.</summary>
internal static class PixelLayout
{
    /// <summary>Grey (1 or 2 channels) spread to RGB, or the first three channels of more.</summary>
    public static byte[] ToRgb(byte[] pixels, int channels)
    {
        if (channels == 3)
        {
            return pixels;
        }

        var count = pixels.Length / channels;
        var rgb = new byte[count * 3];
        var (green, blue) = channels < 3 ? (0, 0) : (1, 2);
        for (int i = 0, from = 0, to = 0; i < count; i++, from += channels, to += 3)
        {
            rgb[to] = pixels[from];
            rgb[to + 1] = pixels[from + green];
            rgb[to + 2] = pixels[from + blue];
        }

        return rgb;
    }

    /// <summary>The last channel alone.</summary>
    public static byte[] LastChannel(byte[] pixels, int channels)
    {
        var last = new byte[pixels.Length / channels];
        for (int i = 0, from = channels - 1; i < last.Length; i++, from += channels)
        {
            last[i] = pixels[from];
        }

        return last;
    }

    /// <summary>RGB and alpha interleaved.</summary>
    public static byte[] Interleave(byte[] rgb, byte[] alpha)
    {
        var rgba = new byte[alpha.Length * 4];
        for (int i = 0, from = 0, to = 0; i < alpha.Length; i++, from += 3, to += 4)
        {
            rgba[to] = rgb[from];
            rgba[to + 1] = rgb[from + 1];
            rgba[to + 2] = rgb[from + 2];
            rgba[to + 3] = alpha[i];
        }

        return rgba;
    }

    /// <summary>Inks to light without a colour profile: (255 − k) less that share of each ink, as Pillow does.</summary>
    public static byte[] CmykToRgb(byte[] pixels, int channels)
    {
        var count = pixels.Length / channels;
        var rgb = new byte[count * 3];
        for (int i = 0, from = 0, to = 0; i < count; i++, from += channels, to += 3)
        {
            var paper = 255 - pixels[from + 3];
            for (var channel = 0; channel < 3; channel++)
            {
                var product = (pixels[from + channel] * paper) + 128;
                rgb[to + channel] = (byte)Math.Clamp(paper - (((product >> 8) + product) >> 8), 0, 255);
            }
        }

        return rgb;
    }
}
