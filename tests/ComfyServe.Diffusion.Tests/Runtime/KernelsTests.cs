using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Tests.Models;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Runtime;

public sealed class KernelsTests
{
    static KernelsTests() => TorchRuntime.Initialize();

    /// <summary>The middle of a UNet at 8×8 latents: one pixel, whose layout only strides tell.</summary>
    [Fact]
    public void Conv2d_OnePixelWithNhwcStrides_IsRight()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var x = randn(2, 1, 1, 1280, generator: generator).permute(0, 3, 1, 2);
        var weight = randn(1280, 1280, 1, 1, generator: generator) / 36;
        var bias = randn(1280, generator: generator);

        var actual = Kernels.Torch.Conv2d(x, weight, bias, [1, 1], [0, 0]);

        var expected = x.view(2, 1280).to(ScalarType.Float64).matmul(weight.view(1280, 1280).to(ScalarType.Float64).t()) + bias;
        TensorAssert.Close(expected.view(2, 1280, 1, 1), actual, 1e-5, "1×1 convolution of one pixel");
    }
}
