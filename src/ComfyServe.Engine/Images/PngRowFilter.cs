using System.Numerics;
using System.Runtime.CompilerServices;

namespace ComfyServe.Engine.Images;

/// <summary>The four filters that turn a row of a PNG into differences from its neighbours, 32 or 64 bytes at a time.</summary>
/// <remarks>PNG specification (third edition), 9.2 to 9.4; the choice by least sum of absolute differences is 12.7.</remarks>
internal static class PngRowFilter
{
    /// <summary>Filters in the specification's numbering.</summary>
    public enum Kind : byte
    {
        /// <summary>The bytes themselves.</summary>
        None,

        /// <summary>Less the pixel to the left.</summary>
        Sub,

        /// <summary>Less the pixel above.</summary>
        Up,

        /// <summary>Less the mean of left and above.</summary>
        Average,

        /// <summary>Less whichever of left, above and upper left is nearest to their gradient.</summary>
        Paeth,
    }

    /// <summary>Writes the filtered row and returns its cost: the sum of its bytes' absolute values as signed numbers.</summary>
    /// <param name="kind">The filter.</param>
    /// <param name="row">The row, preceded by one pixel of zeros.</param>
    /// <param name="above">The row before, preceded likewise; zeros for the first.</param>
    /// <param name="pixel">Bytes of a pixel.</param>
    /// <param name="output">The row's length without the preceding pixel.</param>
    public static long Apply(Kind kind, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int pixel, Span<byte> output)
    {
        var current = row[pixel..];
        var left = row;
        var up = above[pixel..];
        var corner = above;
        long cost = 0;
        var i = 0;
        for (; i <= output.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            var filtered = new Vector<byte>(current[i..]) - Predict(
                kind, new Vector<byte>(left[i..]), new Vector<byte>(up[i..]), new Vector<byte>(corner[i..]));
            filtered.CopyTo(output[i..]);
            Vector.Widen(Vector.Min(filtered, Vector<byte>.Zero - filtered), out var low, out var high);
            Vector.Widen(low + high, out var first, out var second);
            cost += Vector.Sum(first + second);
        }

        for (; i < output.Length; i++)
        {
            output[i] = (byte)(current[i] - Predict(kind, left[i], up[i], corner[i]));
            cost += Math.Abs((int)(sbyte)output[i]);
        }

        return cost;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<byte> Predict(Kind kind, Vector<byte> left, Vector<byte> up, Vector<byte> corner) => kind switch
    {
        Kind.Sub => left,
        Kind.Up => up,
        Kind.Average => (left & up) + Vector.ShiftRightLogical(left ^ up, 1),
        Kind.Paeth => Paeth(left, up, corner),
        _ => Vector<byte>.Zero,
    };

    private static byte Predict(Kind kind, byte left, byte up, byte corner)
    {
        switch (kind)
        {
            case Kind.Sub: return left;
            case Kind.Up: return up;
            case Kind.Average: return (byte)((left + up) / 2);
            case Kind.Paeth:
                var (toLeft, toUp, toCorner) = (Math.Abs(up - corner), Math.Abs(left - corner), Math.Abs(left + up - corner - corner));
                return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
            default: return 0;
        }
    }

    /// <summary>
    /// Distances of the gradient left + up − corner from its three neighbours, in bytes. Where left and up lie on the
    /// same side of corner, the distance to corner is the sum of the two others and never the least, so it may saturate.
    /// </summary>
    private static Vector<byte> Paeth(Vector<byte> left, Vector<byte> up, Vector<byte> corner)
    {
        var toLeft = Vector.Max(up, corner) - Vector.Min(up, corner);
        var toUp = Vector.Max(left, corner) - Vector.Min(left, corner);
        var opposite = Vector.GreaterThan(left, corner) ^ Vector.GreaterThan(up, corner);
        var apart = Vector.Max(toLeft, toUp) - Vector.Min(toLeft, toUp);
        var toCorner = Vector.ConditionalSelect(opposite, apart, Vector<byte>.AllBitsSet);

        var upOrCorner = Vector.ConditionalSelect(Vector.LessThanOrEqual(toUp, toCorner), up, corner);
        var leftNearest = Vector.LessThanOrEqual(toLeft, toUp) & Vector.LessThanOrEqual(toLeft, toCorner);
        return Vector.ConditionalSelect(leftNearest, left, upOrCorner);
    }
}
