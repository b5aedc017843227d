namespace ComfyServe.Engine.Images;

/// <summary>8-bit RGBA with the colours multiplied by alpha and back, in the integer steps that Pillow uses.</summary>
internal static class PremultipliedAlpha
{
    /// <summary>Colour · alpha ÷ 255, rounded.</summary>
    public static byte[] Multiply(ReadOnlySpan<byte> rgba)
    {
        var output = new byte[rgba.Length];
        for (var i = 0; i < rgba.Length; i += 4)
        {
            var alpha = rgba[i + 3];
            for (var channel = 0; channel < 3; channel++)
            {
                var product = (rgba[i + channel] * alpha) + 128;
                output[i + channel] = (byte)(((product >> 8) + product) >> 8);
            }

            output[i + 3] = alpha;
        }

        return output;
    }

    /// <summary>Colour · 255 ÷ alpha, cut and clipped; pixels of alpha 0 and 255 stay.</summary>
    public static byte[] Divide(ReadOnlySpan<byte> rgba)
    {
        var output = rgba.ToArray();
        for (var i = 0; i < output.Length; i += 4)
        {
            var alpha = output[i + 3];
            if (alpha is 0 or 255)
            {
                continue;
            }

            for (var channel = 0; channel < 3; channel++)
            {
                output[i + channel] = (byte)Math.Min(255 * output[i + channel] / alpha, 255);
            }
        }

        return output;
    }
}
