using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace ComfyServe.Engine.Images;

/// <summary>Bilinear resizing that interpolates the channel vector of each position on a sphere ("bislerp"): the
/// direction is turned and the length is mixed, so latents keep their variance.</summary>
/// <remarks>Shoemake, "Animating rotation with quaternion curves" (1985), for the interpolation on the sphere.</remarks>
internal static class SphericalResampler
{
    private const float ParallelLimit = 1 - 1e-5f;
    private const float OppositeLimit = 1e-5f - 1;

    /// <summary>Resizes [N, C, H, W], first along the width, then along the height.</summary>
    public static Tensor Resize(Tensor samples, long width, long height)
    {
        using var scope = NewDisposeScope();
        var vectors = samples.to(ScalarType.Float32).permute(0, 2, 3, 1);                // [N, H, W, C]
        vectors = ResizeAxis(vectors, 2, width);
        vectors = ResizeAxis(vectors, 1, height);
        return vectors.permute(0, 3, 1, 2).contiguous().to(samples.dtype).MoveToOuterDisposeScope();
    }

    private static Tensor ResizeAxis(Tensor vectors, int axis, long size)
    {
        using var scope = NewDisposeScope();
        var old = vectors.shape[axis];
        var ramp = arange(old, ScalarType.Float32);
        var position = Stretch(ramp, size);
        var first = position.floor();
        var ratio = position - first;
        var second = Stretch((ramp + 1).clamp_(max: old - 1), size);

        long[] spread = [1, 1, 1, 1];
        spread[axis] = size;
        Interruption.Check();
        var from = vectors.index_select(axis, first.to(ScalarType.Int64));
        var to = vectors.index_select(axis, second.to(ScalarType.Int64));
        return Turn(from, to, ratio.reshape(spread)).MoveToOuterDisposeScope();
    }

    /// <summary>Bilinear interpolation of an index ramp: where each target position lies in the source.</summary>
    private static Tensor Stretch(Tensor ramp, long size) =>
        F.interpolate(ramp.reshape(1, 1, 1, -1), size: [1, size], mode: InterpolationMode.Bilinear, align_corners: false).reshape(-1);

    /// <summary>Spherical interpolation along the last axis; <paramref name="ratio"/> 0 gives <paramref name="from"/>.</summary>
    private static Tensor Turn(Tensor from, Tensor to, Tensor ratio)
    {
        var fromLength = from.norm(-1, keepdim: true);
        var toLength = to.norm(-1, keepdim: true);
        var fromUnit = where(fromLength == 0, zeros_like(from), from / fromLength);
        var toUnit = where(toLength == 0, zeros_like(to), to / toLength);

        Interruption.Check();
        var cosine = (fromUnit * toUnit).sum(-1, keepdim: true);
        var angle = cosine.acos();
        var sine = angle.sin();
        Interruption.Check();
        var turned = ((((1 - ratio) * angle).sin() / sine) * fromUnit) + (((ratio * angle).sin() / sine) * toUnit);
        Interruption.Check();
        turned *= (fromLength * (1 - ratio)) + (toLength * ratio);

        Interruption.Check();
        // Parallel vectors need no turn and opposite ones have no shortest way: neither has a usable sine.
        turned = where(cosine > ParallelLimit, from, turned);
        return where(cosine < OppositeLimit, (from * (1 - ratio)) + (to * ratio), turned);
    }
}
