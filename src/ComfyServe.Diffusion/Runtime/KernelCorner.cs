using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>Computes some elements of a layer's result in float64 and says how far the given result is from them.</summary>
/// <remarks>
/// Elements are spread over the whole result, edges included: kernels that are wrong are so in whole tiles. The weights
/// and inputs are taken as they are (already rounded to the number format), so only the computing is compared.
/// </remarks>
internal static class KernelCorner
{
    private const int Channels = 32;
    private const int Rows = 32;
    private const int Side = 4;

    /// <summary>Relative error (Frobenius norms) of a convolution; null where the expectation is not finite.</summary>
    public static double? ConvolutionError(Tensor result, Tensor x, Tensor weight, Tensor bias, long stride, long padding)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        var channels = Spread(weight.shape[0], Channels);
        var index = tensor(channels);
        var flat = weight.index_select(0, index).to(ScalarType.Float64).reshape(channels.Length, -1); // [c, C·k·k]
        var (images, rows, columns) = (Spread(x.shape[0], 2), Spread(result.shape[2], Side), Spread(result.shape[3], Side));
        var kernel = weight.shape[2];
        List<Tensor> patches = [];
        List<Tensor> computed = [];
        foreach (var image in images)
        {
            foreach (var row in rows)
            {
                foreach (var column in columns)
                {
                    patches.Add(Patch(x.select(0, image), (row * stride) - padding, (column * stride) - padding, kernel));
                    computed.Add(result.select(0, image).select(1, row).select(1, column).index_select(0, index));
                }
            }
        }

        var expected = stack(patches).matmul(flat.t()) + bias.index_select(0, index).to(ScalarType.Float64); // [p, c]
        return Error(stack(computed), expected);
    }

    /// <summary>Relative error (Frobenius norms) of a linear layer; null where the expectation is not finite.</summary>
    public static double? LinearError(Tensor result, Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        var channels = tensor(Spread(weight.shape[0], Channels));
        var flat = x.reshape(-1, weight.shape[1]);
        var rows = tensor(Spread(flat.shape[0], Rows));
        var expected = flat.index_select(0, rows).to(ScalarType.Float64)
            .matmul(weight.index_select(0, channels).to(ScalarType.Float64).t()); // [r, c]
        if (bias is not null)
        {
            expected = expected + bias.index_select(0, channels).to(ScalarType.Float64);
        }

        return Error(result.reshape(-1, weight.shape[0]).index_select(0, rows).index_select(1, channels), expected);
    }

    private static double? Error(Tensor computed, Tensor expected)
    {
        var norm = expected.norm().item<double>();
        if (!double.IsFinite(norm))
        {
            return null;
        }

        var difference = (computed.to(ScalarType.Float64) - expected).norm().item<double>();
        return difference == 0 ? 0 : difference / Math.Max(norm, double.Epsilon);
    }

    /// <summary>What a kernel sees at a position, zeros outside of the image: [C·k·k].</summary>
    private static Tensor Patch(Tensor image, long top, long left, long kernel)
    {
        var (height, width) = (image.shape[1], image.shape[2]);
        var (firstRow, lastRow) = (Math.Max(top, 0), Math.Min(top + kernel, height));
        var (firstColumn, lastColumn) = (Math.Max(left, 0), Math.Min(left + kernel, width));
        var seen = image.narrow(1, firstRow, lastRow - firstRow).narrow(2, firstColumn, lastColumn - firstColumn).to(ScalarType.Float64);
        return pad(seen, (firstColumn - left, left + kernel - lastColumn, firstRow - top, top + kernel - lastRow)).reshape(-1);
    }

    /// <summary>So many of 0 to length − 1, the first and the last among them.</summary>
    private static long[] Spread(long length, int count)
    {
        if (length <= count)
        {
            return [.. Enumerable.Range(0, (int)length).Select(i => (long)i)];
        }

        var places = new long[count];
        for (var i = 0; i < count; i++)
        {
            places[i] = i * (length - 1) / (count - 1);
        }

        return places;
    }
}
