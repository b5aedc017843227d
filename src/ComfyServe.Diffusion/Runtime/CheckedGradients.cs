using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>The kernel self-test for training: gradients of each shape are compared with float64 once, and computed in float64 where they are wrong.</summary>
/// <remarks>
/// Gradients have kernels of their own: where all results were right, libtorch's fp32 gradients of a 3×3 convolution to
/// 3 channels, and of those with a step of 2, were measured to be off by 5 to 100 %, or not numbers at all
/// (docs/architecture.md, "Measured facts"). They depend on what memory held before, so the trial fills it first.
/// </remarks>
/// <param name="inner">What computes.</param>
/// <param name="verdicts">What is known of this machine.</param>
internal sealed class CheckedGradients(Kernels inner, KernelVerdicts verdicts) : Kernels
{
    // Right gradients were measured at 2e-6, wrong ones at 5e-2 and more.
    private const double Tolerance = 1e-4;

    /// <inheritdoc/>
    public override Tensor Conv2d(Tensor x, Tensor weight, Tensor bias, long[] strides, long[] padding)
    {
        if (!IsChecked(x, weight))
        {
            return inner.Conv2d(x, weight, bias, strides, padding);
        }

        var shape = KernelShape.OfConvolution(x, weight, strides[0], padding[0]) with { IsGradient = true };
        if (verdicts.Get(shape) ?? Try(shape, [x, weight, bias], given => inner.Conv2d(given[0], given[1], given[2], strides, padding)))
        {
            return inner.Conv2d(x, weight, bias, strides, padding);
        }

        using var scope = NewDisposeScope();
        return inner.Conv2d(Exact(x), Exact(weight), Exact(bias), strides, padding).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        if (!IsChecked(x, weight))
        {
            return inner.Linear(x, weight, bias);
        }

        var shape = KernelShape.OfLinear(x, weight) with { IsGradient = true };
        Tensor[] inputs = bias is null ? [x, weight] : [x, weight, bias];
        if (verdicts.Get(shape) ?? Try(shape, inputs, given => inner.Linear(given[0], given[1], given.ElementAtOrDefault(2))))
        {
            return inner.Linear(x, weight, bias);
        }

        using var scope = NewDisposeScope();
        return inner.Linear(Exact(x), Exact(weight), bias is null ? null : Exact(bias)).to(x.dtype).MoveToOuterDisposeScope();
    }

    private static bool IsChecked(Tensor x, Tensor weight) =>
        is_grad_enabled() && (x.requires_grad || weight.requires_grad) && x.is_cpu() && x.dtype == ScalarType.Float32;

    private static Tensor Exact(Tensor tensor) => tensor.to(ScalarType.Float64).contiguous();

    /// <summary>Compares the gradients of random inputs of the same shapes, so that what a network happens to hold (zeros at its start) does not decide.</summary>
    private bool Try(KernelShape shape, Tensor[] inputs, Func<Tensor[], Tensor> compute)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor[] values = [.. inputs.Select(i => randn(i.shape, generator: generator))];
        Spoil(values);
        var found = Gradients(values, ScalarType.Float32, compute);
        var expected = Gradients(values, ScalarType.Float64, compute);
        var error = found.Zip(expected, static (f, e) => ((f.to(ScalarType.Float64) - e).norm() / e.norm()).item<double>()).Aggregate(0.0, Math.Max);
        var isRight = error <= Tolerance; // not where it is no number
        verdicts.Add(shape, isRight, error);
        return isRight;
    }

    private static Tensor[] Gradients(Tensor[] values, ScalarType dtype, Func<Tensor[], Tensor> compute)
    {
        Tensor[] leaves = [.. values.Select(v => v.to(dtype, copy: true).requires_grad_(true))];
        compute(leaves).pow(2).sum().backward();
        return [.. leaves.Select(static l => l.grad!)];
    }

    /// <summary>Fills memory that kernels will get with what is no number.</summary>
    private static void Spoil(Tensor[] values)
    {
        using var scope = NewDisposeScope();
        foreach (var value in values)
        {
            for (var times = 1; times <= 16; times *= 2)
            {
                _ = full([value.numel() * times], float.NaN);
            }
        }
    }
}
