using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Models;

/// <summary>Compares tensors by relative error (Frobenius norms).</summary>
internal static class TensorAssert
{
    public static double Error(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        var reference = expected.to(ScalarType.Float64);
        return ((actual.to(ScalarType.Float64) - reference).norm() / reference.norm()).item<double>();
    }

    public static void Close(Tensor expected, Tensor actual, double tolerance, string what)
    {
        var error = Error(expected, actual);
        Assert.True(error <= tolerance, $"{what}: relative error {error:E2}, allowed {tolerance:E1}");
    }
}
