using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace ComfyServe.Engine.Images;

/// <summary>The resizing that every image and latent node shares: optional centre crop, then one of six filters.</summary>
/// <remarks>
/// The filters named like PyTorch's are PyTorch's <c>interpolate</c> without anti-aliasing and with
/// <c>align_corners = false</c>; bicubic overshoots and is not clamped.
/// </remarks>
internal static class Resampling
{
    /// <summary>Resizes [N, C, H, W] to [N, C, <paramref name="height"/>, <paramref name="width"/>].</summary>
    /// <param name="samples">Float tensor; images are in 0..1.</param>
    /// <param name="width">Target width in samples, above 0.</param>
    /// <param name="height">Target height in samples, above 0.</param>
    /// <param name="method"><c>nearest-exact</c>, <c>bilinear</c>, <c>area</c>, <c>bicubic</c>, <c>lanczos</c> (images
    /// only: rounds to 8 bits) or <c>bislerp</c> (latents: turns channel vectors on a sphere).</param>
    /// <param name="centerCrop">Cut the source to the target's aspect ratio first.</param>
    /// <exception cref="ArgumentOutOfRangeException">The method is not one of the six, or a size is below 1.</exception>
    public static Tensor Upscale(Tensor samples, long width, long height, string method, bool centerCrop)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        using var scope = NewDisposeScope();
        var source = centerCrop ? CropToAspect(samples, width, height) : samples;
        var resized = method switch
        {
            "nearest-exact" => Interpolate(source, width, height, InterpolationMode.NearestExact),
            "bilinear" => Interpolate(source, width, height, InterpolationMode.Bilinear),
            "area" => Interpolate(source, width, height, InterpolationMode.Area),
            "bicubic" => Interpolate(source, width, height, InterpolationMode.Bicubic),
            "lanczos" => LanczosResampler.Resize(source, (int)width, (int)height),
            "bislerp" => SphericalResampler.Resize(source, width, height),
            _ => throw new ArgumentOutOfRangeException(nameof(method), method, "unknown resampling method"),
        };
        return resized.MoveToOuterDisposeScope();
    }

    /// <summary>As <see cref="Upscale"/> for images [N, H, W, C].</summary>
    public static Tensor UpscaleImages(Tensor images, long width, long height, string method, bool centerCrop)
    {
        using var scope = NewDisposeScope();
        return Upscale(images.permute(0, 3, 1, 2), width, height, method, centerCrop).permute(0, 2, 3, 1).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>Plain bilinear to a size, [N, C, H, W].</summary>
    public static Tensor Bilinear(Tensor samples, long width, long height) =>
        Interpolate(samples, width, height, InterpolationMode.Bilinear);

    private static Tensor Interpolate(Tensor samples, long width, long height, InterpolationMode mode) =>
        LargeTensors.Map(
            samples,
            samples.shape[0] * samples.shape[1] * height * width,
            part => F.interpolate(part, size: [height, width], mode: mode, align_corners: mode == InterpolationMode.Area ? null : false));

    private static Tensor CropToAspect(Tensor samples, long width, long height)
    {
        var (oldHeight, oldWidth) = (samples.shape[^2], samples.shape[^1]);
        var oldAspect = (double)oldWidth / oldHeight;
        var newAspect = (double)width / height;
        long x = 0, y = 0;
        if (oldAspect > newAspect)
        {
            x = RoundHalfEven((oldWidth - (oldWidth * (newAspect / oldAspect))) / 2);
        }
        else if (oldAspect < newAspect)
        {
            y = RoundHalfEven((oldHeight - (oldHeight * (oldAspect / newAspect))) / 2);
        }

        return samples.narrow(-2, y, oldHeight - (y * 2)).narrow(-1, x, oldWidth - (x * 2));
    }

    /// <summary>Rounds as Python's <c>round</c> does: halves go to the even neighbour.</summary>
    public static long RoundHalfEven(double value) => (long)Math.Round(value, MidpointRounding.ToEven);
}
