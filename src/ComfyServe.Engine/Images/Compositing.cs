using static TorchSharp.torch;

namespace ComfyServe.Engine.Images;

/// <summary>Pastes one batch into another through a mask.</summary>
internal static class Compositing
{
    /// <summary>A copy of <paramref name="destination"/> with the source mixed in: mask · source + (1 − mask) · destination.</summary>
    /// <param name="destination">[N, C, H, W].</param>
    /// <param name="source">[M, C, h, w]; what lies outside of the destination is cut off.</param>
    /// <param name="x">Left edge in pixels; may be negative.</param>
    /// <param name="y">Top edge in pixels; may be negative.</param>
    /// <param name="mask">Any size, resized to the source; null mixes nothing and overwrites.</param>
    /// <param name="pixelsPerCell">8 for latents, 1 for images.</param>
    /// <param name="resizeSource">Stretch the source to the destination first.</param>
    public static Tensor Paste(
        Tensor destination, Tensor source, long x, long y, Tensor? mask, long pixelsPerCell, bool resizeSource)
    {
        using var scope = NewDisposeScope();
        var result = destination.clone();
        var (height, width) = (destination.shape[2], destination.shape[3]);
        source = BatchSize.Match(resizeSource ? Resampling.Bilinear(source, width, height) : source, destination.shape[0]);
        x = Math.Max(-source.shape[3] * pixelsPerCell, Math.Min(x, width * pixelsPerCell));
        y = Math.Max(-source.shape[2] * pixelsPerCell, Math.Min(y, height * pixelsPerCell));
        var (left, top) = (FloorDivide(x, pixelsPerCell), FloorDivide(y, pixelsPerCell));

        // The part of the source that lies inside: skip what is left of and above the destination.
        var (skipX, skipY) = (Math.Max(0, -left), Math.Max(0, -top));
        var visibleWidth = Math.Min(source.shape[3] - skipX, width - Math.Max(0, left));
        var visibleHeight = Math.Min(source.shape[2] - skipY, height - Math.Max(0, top));
        if (visibleWidth > 0 && visibleHeight > 0)
        {
            var weight = mask is null ? null : BatchSize.Match(ResizeMask(mask, source.shape[3], source.shape[2]), source.shape[0]);
            var region = result.narrow(2, top + skipY, visibleHeight).narrow(3, left + skipX, visibleWidth);
            var portion = source.narrow(2, skipY, visibleHeight).narrow(3, skipX, visibleWidth);
            weight = weight?.narrow(2, skipY, visibleHeight).narrow(3, skipX, visibleWidth);
            region.copy_(weight is null ? portion : (weight * portion) + ((1 - weight) * region));
        }

        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Masks of any leading shape as [N, 1, height, width].</summary>
    public static Tensor ResizeMask(Tensor mask, long width, long height) =>
        Resampling.Bilinear(mask.reshape(-1, 1, mask.shape[^2], mask.shape[^1]), width, height);

    /// <summary>Division that rounds down, also below zero.</summary>
    public static long FloorDivide(long value, long divisor) => (long)Math.Floor((double)value / divisor);
}
