using ComfyServe.Engine.Images;
using NetVips;

namespace ComfyServe.Engine.Previews;

/// <summary>Encodes previews.</summary>
internal static class PreviewImage
{
    private const double LongestSide = 512;
    private const int Quality = 95;

    /// <summary>The picture as a JPEG whose longer side has 512 pixels.</summary>
    public static byte[] ToJpeg(PreviewPicture picture)
    {
        VipsRuntime.EnsureStarted();
        using var image = Image.NewFromMemory(picture.Rgb, picture.Width, picture.Height, bands: 3, Enums.BandFormat.Uchar);
        using var color = image.Copy(interpretation: Enums.Interpretation.Srgb);
        using var fitted = color.Resize(LongestSide / Math.Max(picture.Width, picture.Height), Enums.Kernel.Linear);
        return fitted.JpegsaveBuffer(q: Quality);
    }
}
