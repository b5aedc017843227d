using static TorchSharp.torch;

namespace ComfyServe.Engine.Images;

/// <summary>Turns by multiples of 90° clockwise, and mirrorings, by the names that nodes use.</summary>
internal static class QuarterTurns
{
    /// <summary>Turns clockwise.</summary>
    /// <param name="tensor">Images or latents.</param>
    /// <param name="rotation"><c>none</c>, or a text that starts with 90, 180 or 270.</param>
    /// <param name="rows">The axis of rows.</param>
    /// <param name="columns">The axis of columns.</param>
    public static Tensor Rotate(Tensor tensor, string rotation, long rows, long columns)
    {
        var turns = rotation.StartsWith("90", StringComparison.Ordinal) ? 1
            : rotation.StartsWith("180", StringComparison.Ordinal) ? 2
            : rotation.StartsWith("270", StringComparison.Ordinal) ? 3 : 0;
        return tensor.rot90(turns, (columns, rows));
    }

    /// <summary>Mirrors: a text that starts with x swaps top and bottom, one with y left and right.</summary>
    public static Tensor Flip(Tensor tensor, string method, long rows, long columns) =>
        method.StartsWith('x') ? tensor.flip(rows) : method.StartsWith('y') ? tensor.flip(columns) : tensor;
}
