using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>The kernel self-test: compares the first result of each shape with float64, and computes shapes that come out
/// wrong in a wider number format.</summary>
/// <param name="inner">What computes.</param>
/// <param name="verdicts">What is known of this machine.</param>
internal sealed class CheckedKernels(Kernels inner, KernelVerdicts verdicts) : Kernels
{
    // Right results were measured at 3e-3 in bf16 and 1e-6 in fp32, wrong ones at 8e-2 and more.
    private const double Bf16Tolerance = 2e-2;
    private const double Fp32Tolerance = 1e-4;

    /// <inheritdoc/>
    public override Tensor Conv2d(Tensor x, Tensor weight, Tensor bias, long[] strides, long[] padding)
    {
        if (!IsChecked(x))
        {
            return inner.Conv2d(x, weight, bias, strides, padding);
        }

        var shape = KernelShape.OfConvolution(x, weight, strides[0], padding[0]);
        var verdict = verdicts.Get(shape);
        if (verdict != false)
        {
            var result = inner.Conv2d(x, weight, bias, strides, padding);
            if (verdict == true || Judge(shape, KernelCorner.ConvolutionError(result, x, weight, bias, strides[0], padding[0])))
            {
                return result;
            }

            result.Dispose();
        }

        using var scope = NewDisposeScope();
        var wide = Wider(x.dtype);
        var exact = Conv2d(Contiguous(x, wide), Contiguous(weight, wide), bias.to(wide), strides, padding);
        return Back(exact, x.dtype).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        if (!IsChecked(x))
        {
            return inner.Linear(x, weight, bias);
        }

        var shape = KernelShape.OfLinear(x, weight);
        var verdict = verdicts.Get(shape);
        if (verdict != false)
        {
            var result = inner.Linear(x, weight, bias);
            if (verdict == true || Judge(shape, KernelCorner.LinearError(result, x, weight, bias)))
            {
                return result;
            }

            result.Dispose();
        }

        using var scope = NewDisposeScope();
        var wide = Wider(x.dtype);
        return Linear(x.to(wide), weight.to(wide), bias?.to(wide)).to(x.dtype).MoveToOuterDisposeScope();
    }

    // float64 takes libtorch's plain loops over BLAS: it is what the others are compared with.
    private static bool IsChecked(Tensor x) => x.is_cpu() && x.dtype is ScalarType.BFloat16 or ScalarType.Float32;

    private static ScalarType Wider(ScalarType dtype) => dtype == ScalarType.BFloat16 ? ScalarType.Float32 : ScalarType.Float64;

    private static Tensor Contiguous(Tensor tensor, ScalarType dtype) => tensor.to(dtype).contiguous();

    private static Tensor Back(Tensor tensor, ScalarType dtype) => dtype == ScalarType.BFloat16
        ? tensor.to(dtype).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) // NHWC strides, as the format has them
        : tensor.to(dtype);

    /// <summary>Remembers the verdict. What is not finite (a model fed with NaN) says nothing about the kernel.</summary>
    private bool Judge(KernelShape shape, double? error)
    {
        if (error is not { } measured)
        {
            return true;
        }

        var isRight = measured <= (shape.Dtype == ScalarType.BFloat16 ? Bf16Tolerance : Fp32Tolerance);
        verdicts.Add(shape, isRight, measured);
        return isRight;
    }
}
