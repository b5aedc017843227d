using static TorchSharp.torch;

namespace ComfyServe.Engine.Tests.Images;

internal static class TensorAssert
{
    /// <summary>Same shape, and no element further apart than the tolerance.</summary>
    public static void Near(Tensor expected, Tensor actual, double tolerance, string what = "tensor")
    {
        Assert.True(
            expected.shape.SequenceEqual(actual.shape),
            $"{what}: shape [{string.Join(", ", actual.shape)}] is not [{string.Join(", ", expected.shape)}]");
        if (expected.numel() == 0)
        {
            return;
        }

        using var difference = (expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max();
        var largest = difference.item<double>();
        Assert.True(largest <= tolerance, $"{what}: off by {largest}, allowed {tolerance}");
    }
}
