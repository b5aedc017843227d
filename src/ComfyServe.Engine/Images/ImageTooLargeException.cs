namespace ComfyServe.Engine.Images;

/// <summary>An image would expand to more pixels or frames than <see cref="ImageLimits"/> allows.</summary>
internal sealed class ImageTooLargeException(string message) : Exception(message)
{
    /// <summary>Throws when a file of these measures passes the limits.</summary>
    /// <param name="limits">The bounds.</param>
    /// <param name="width">Width of a frame in pixels.</param>
    /// <param name="height">Height of a frame in pixels.</param>
    /// <param name="frames">Number of frames.</param>
    public static void ThrowIfExceeded(ImageLimits limits, long width, long height, long frames)
    {
        if (frames > limits.MaxFrames)
        {
            throw new ImageTooLargeException($"Image has {frames} frames, the limit is {limits.MaxFrames} frames.");
        }

        var pixels = width * height * frames;
        if (pixels > limits.MaxPixels)
        {
            throw new ImageTooLargeException(
                $"Image size ({pixels} pixels) exceeds limit of {limits.MaxPixels} pixels, could be decompression bomb DOS attack.");
        }

        limits.Decoding?.Invoke(pixels);
    }
}
