using static TorchSharp.torch;

namespace ComfyServe.Engine.Images;

/// <summary>Makes pictures with and without alpha fit each other.</summary>
internal static class ImageChannels
{
    /// <summary>Drops the channels that <paramref name="other"/> has not, or adds opaque ones.</summary>
    /// <param name="images">[N, H, W, C].</param>
    /// <param name="other">[…, C].</param>
    public static Tensor Match(Tensor images, Tensor other)
    {
        var missing = other.shape[^1] - images.shape[^1];
        if (missing <= 0)
        {
            return missing == 0 ? images : images.narrow(3, 0, other.shape[^1]);
        }

        return cat([images, ones(images.shape[0], images.shape[1], images.shape[2], missing)], 3);
    }
}
