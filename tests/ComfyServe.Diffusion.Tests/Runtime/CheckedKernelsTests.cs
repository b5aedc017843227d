using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Tests.Checkpoints;
using ComfyServe.Diffusion.Tests.Models;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Runtime;

public sealed class CheckedKernelsTests
{
    static CheckedKernelsTests() => TorchRuntime.Initialize();

    public static TheoryData<string> Formats() => ["Float32", "BFloat16"];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Conv2d_RightKernel_IsRememberedAsRight(string format)
    {
        using var scope = NewDisposeScope();
        var dtype = Enum.Parse<ScalarType>(format);
        var inner = new PlantedKernels(error: 0);
        var warnings = new List<string>();
        var verdicts = new KernelVerdicts(null, warnings.Add);
        var kernels = new CheckedKernels(inner, verdicts);
        var (x, weight, bias) = Inputs(dtype);

        using var result = kernels.Conv2d(x, weight, bias, [1, 1], [1, 1]);

        Assert.True(verdicts.Get(KernelShape.OfConvolution(x, weight, 1, 1)));
        Assert.Empty(warnings);
        Assert.Equal(1, inner.Calls);
    }

    /// <summary>Wrong in one channel of 40: the kind of error that libtorch was found to make.</summary>
    [Theory]
    [MemberData(nameof(Formats))]
    public void Conv2d_WrongKernel_IsCaughtAndComputedRight(string format)
    {
        using var scope = NewDisposeScope();
        var dtype = Enum.Parse<ScalarType>(format);
        var inner = new PlantedKernels(error: 1, dtype);
        var warnings = new List<string>();
        var verdicts = new KernelVerdicts(null, warnings.Add);
        var kernels = new CheckedKernels(inner, verdicts);
        var (x, weight, bias) = Inputs(dtype);

        var first = kernels.Conv2d(x, weight, bias, [1, 1], [1, 1]);
        var second = kernels.Conv2d(x, weight, bias, [1, 1], [1, 1]);

        var expected = nn.functional.conv2d(x.to(float64).contiguous(), weight.to(float64).contiguous(), bias.to(float64), padding: [1, 1]);
        Assert.Equal(dtype, first.dtype);
        TensorAssert.Close(expected, first, 1e-2, "the first result");
        TensorAssert.Close(expected, second, 1e-2, "the second result");
        Assert.True(verdicts.HasWrong(dtype));
        Assert.Contains("40", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Equal(1, inner.WrongCalls);
    }

    [Fact]
    public void Linear_WrongKernel_IsCaughtAndComputedRight()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var warnings = new List<string>();
        var kernels = new CheckedKernels(new PlantedKernels(error: 1, ScalarType.BFloat16), new KernelVerdicts(null, warnings.Add));
        var x = randn(2, 77, 64, generator: generator).to(bfloat16);
        var weight = randn(48, 64, generator: generator).to(bfloat16);

        var result = kernels.Linear(x, weight, null);

        TensorAssert.Close(x.to(float64).matmul(weight.to(float64).t()), result, 1e-2, "linear");
        Assert.Single(warnings);
    }

    [Fact]
    public void Verdicts_File_OutlivesTheProcess()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var (x, weight, bias) = Inputs(ScalarType.BFloat16);
        var kernels = new CheckedKernels(new PlantedKernels(error: 1, ScalarType.BFloat16), new KernelVerdicts(folder["verdicts.txt"]));
        kernels.Conv2d(x, weight, bias, [1, 1], [1, 1]);

        var reread = new KernelVerdicts(folder["verdicts.txt"]);

        Assert.False(reread.Get(KernelShape.OfConvolution(x, weight, 1, 1)));
        Assert.True(reread.Get(KernelShape.OfConvolution(x.to(float32), weight.to(float32), 1, 1)));
        Assert.Equal(ComputeFormat.Fp32, ComputeFormats.ForThisMachine(reread));
    }

    [Fact]
    public void Conv2d_InputThatIsNotFinite_SaysNothingOfTheKernel()
    {
        using var scope = NewDisposeScope();
        var verdicts = new KernelVerdicts();
        var kernels = new CheckedKernels(new PlantedKernels(error: 0), verdicts);
        var (x, weight, bias) = Inputs(ScalarType.Float32);
        x.fill_(float.NaN);

        kernels.Conv2d(x, weight, bias, [1, 1], [1, 1]);

        Assert.Null(verdicts.Get(KernelShape.OfConvolution(x, weight, 1, 1)));
    }

    private static (Tensor X, Tensor Weight, Tensor Bias) Inputs(ScalarType dtype)
    {
        using var generator = new Generator(1);
        var x = randn(2, 24, 9, 7, generator: generator).to(dtype);
        var weight = (randn(40, 24, 3, 3, generator: generator) / 15).to(dtype);
        return (x, weight, randn(40, generator: generator).to(dtype));
    }

    /// <summary>Right kernels on any processor (libtorch's in float64) with an error planted in the last channel of one number format.</summary>
    private sealed class PlantedKernels(double error, ScalarType? format = null) : Kernels
    {
        public int Calls { get; private set; }

        public int WrongCalls { get; private set; }

        public override Tensor Conv2d(Tensor x, Tensor weight, Tensor bias, long[] strides, long[] padding)
        {
            var result = base.Conv2d(x.to(float64), weight.to(float64), bias.to(float64), strides, padding).to(x.dtype);
            return Spoil(result, result.narrow(1, result.shape[1] - 1, 1));
        }

        public override Tensor Linear(Tensor x, Tensor weight, Tensor? bias)
        {
            var result = base.Linear(x.to(float64), weight.to(float64), bias?.to(float64)).to(x.dtype);
            return Spoil(result, result.narrow(-1, result.shape[^1] - 1, 1));
        }

        private Tensor Spoil(Tensor result, Tensor part)
        {
            Calls++;
            if (result.dtype == format)
            {
                WrongCalls++;
                part.add_(error);
            }

            return result;
        }
    }
}
