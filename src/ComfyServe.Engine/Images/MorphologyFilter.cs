using ComfyServe.Diffusion.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace ComfyServe.Engine.Images;

/// <summary>Greatest and least value around each pixel. Pixels beyond the edges do not count.</summary>
internal static class MorphologyFilter
{
    /// <summary>The greatest value in a square.</summary>
    /// <param name="images">[N, C, H, W].</param>
    /// <param name="size">Edge of the square; with an even size it reaches one further up and left.</param>
    public static Tensor Dilate(Tensor images, long size)
    {
        var (before, after) = (size / 2, size - (size / 2) - 1);
        var padded = F.pad(images.contiguous(), [before, after, before, after], PaddingModes.Constant, double.NegativeInfinity);
        return SlidingMaximum(SlidingMaximum(padded, 3, size), 2, size);
    }

    /// <summary>
    /// The greatest of so many neighbours along an axis. Windows double: a window of 999 takes ten steps, each of which an
    /// interrupt may come before, where pooling takes a million comparisons for each pixel.
    /// </summary>
    private static Tensor SlidingMaximum(Tensor values, int axis, long size)
    {
        using var scope = NewDisposeScope();
        var widest = values;
        for (var window = 1L; window < size;)
        {
            Interruption.Check();
            var step = Math.Min(window, size - window);
            var length = widest.shape[axis] - step;
            widest = maximum(widest.narrow(axis, 0, length), widest.narrow(axis, step, length));
            window += step;
        }

        return widest.MoveToOuterDisposeScope();
    }

    /// <summary>The least value in a square; as <see cref="Dilate"/> otherwise.</summary>
    public static Tensor Erode(Tensor images, long size) => -Dilate(-images, size);

    /// <summary>The greatest value of a pixel and its four neighbours, [N, C, H, W].</summary>
    public static Tensor DilateCross(Tensor images)
    {
        var (height, width) = (images.shape[2], images.shape[3]);
        var padded = F.pad(images.contiguous(), [1, 1, 1, 1], PaddingModes.Constant, double.NegativeInfinity);
        var rows = maximum(padded.slice(2, 0, height, 1), padded.slice(2, 2, height + 2, 1)).narrow(3, 1, width);
        var columns = maximum(padded.slice(3, 0, width, 1), padded.slice(3, 2, width + 2, 1)).narrow(2, 1, height);
        return maximum(images, maximum(rows, columns));
    }

    /// <summary>The least value of a pixel and its four neighbours.</summary>
    public static Tensor ErodeCross(Tensor images) => -DilateCross(-images);
}
