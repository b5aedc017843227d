using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Tests.Models;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Runtime;

public sealed class CheckedGradientsTests
{
    static CheckedGradientsTests() => TorchRuntime.Initialize();

    [Theory]
    [InlineData(1f, true)]
    [InlineData(1.05f, false)]
    [InlineData(float.NaN, false)]
    public void Conv2d_GradientsOffByAFactor_AreCaughtAndComputedRight(float factor, bool right)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var warnings = new List<string>();
        var verdicts = new KernelVerdicts(null, warnings.Add);
        var kernels = new CheckedGradients(new PlantedGradients(factor), verdicts);
        var (x, weight, bias) = (randn(2, 6, 9, 7, generator: generator), randn(5, 6, 3, 3, generator: generator), randn(5, generator: generator));

        var expected = Gradients(Kernels.Torch, ScalarType.Float64, x, weight, bias);
        var found = Gradients(kernels, ScalarType.Float32, x, weight, bias);

        Assert.Equal(right, verdicts.Get(KernelShape.OfConvolution(x, weight, 2, 1) with { IsGradient = true }));
        Assert.Equal(right ? 0 : 1, warnings.Count);
        Assert.All(expected.Zip(found), static pair => TensorAssert.Close(pair.First, pair.Second, 1e-4, "a gradient"));
    }

    [Fact]
    public void Linear_GradientsOffByAFactor_AreCaughtAndComputedRight()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var warnings = new List<string>();
        var kernels = new CheckedGradients(new PlantedGradients(2), new KernelVerdicts(null, warnings.Add));
        var x = randn(3, 8, generator: generator).requires_grad_(true);
        var weight = randn(4, 8, generator: generator);

        kernels.Linear(x, weight, null).sum().backward();

        TensorAssert.Close(weight.sum([0]).expand(3, 8), x.grad!, 1e-5, "the gradient");
        Assert.Contains("gradients of linear", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Conv2d_NothingThatLearns_IsNotTried()
    {
        using var scope = NewDisposeScope();
        var verdicts = new KernelVerdicts();
        var (x, weight) = (ones(1, 2, 4, 4), ones(3, 2, 3, 3));

        new CheckedGradients(Kernels.Torch, verdicts).Conv2d(x, weight, zeros(3), [1, 1], [1, 1]);

        Assert.Null(verdicts.Get(KernelShape.OfConvolution(x, weight, 1, 1) with { IsGradient = true }));
    }

    private static Tensor[] Gradients(Kernels kernels, ScalarType dtype, params Tensor[] inputs)
    {
        Tensor[] leaves = [.. inputs.Select(i => i.to(dtype, copy: true).requires_grad_(true))];
        kernels.Conv2d(leaves[0], leaves[1], leaves[2], [2, 2], [1, 1]).pow(2).sum().backward();
        return [.. leaves.Select(static l => l.grad!)];
    }

    /// <summary>Right results, and fp32 gradients that are off by a factor.</summary>
    private sealed class PlantedGradients(float factor) : Kernels
    {
        public override Tensor Conv2d(Tensor x, Tensor weight, Tensor bias, long[] strides, long[] padding) =>
            Spoil(base.Conv2d(x.to(float64), weight.to(float64), bias.to(float64), strides, padding).to(x.dtype));

        public override Tensor Linear(Tensor x, Tensor weight, Tensor? bias) => Spoil(base.Linear(x.to(float64), weight.to(float64), bias?.to(float64)).to(x.dtype));

        private Tensor Spoil(Tensor result) => result.dtype == ScalarType.Float32 ? (result * factor) + (result.detach() * (1 - factor)).nan_to_num(0) : result;
    }
}
