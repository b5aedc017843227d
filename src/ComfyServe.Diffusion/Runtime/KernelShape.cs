using System.Globalization;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>What decides which native kernel computes an operation: its kind, the number format and all sizes.</summary>
/// <param name="IsConvolution">A convolution; else a linear layer.</param>
/// <param name="Dtype">The number format.</param>
/// <param name="Inputs">Channels that go in.</param>
/// <param name="Outputs">Channels that come out.</param>
/// <param name="Kernel">Side of the kernel; 1 for a linear layer.</param>
/// <param name="Stride">Step between positions.</param>
/// <param name="Padding">Zeros around the image.</param>
/// <param name="Batch">Images; rows of a linear layer.</param>
/// <param name="Height">Height of the input; 1 for a linear layer.</param>
/// <param name="Width">Width of the input; 1 for a linear layer.</param>
/// <param name="IsGradient">Whether the gradients of the operation are meant, which kernels of their own compute, and not its result.</param>
internal readonly record struct KernelShape(
    bool IsConvolution, ScalarType Dtype, long Inputs, long Outputs, long Kernel, long Stride, long Padding, long Batch, long Height, long Width, bool IsGradient = false)
{
    /// <summary>The shape of a convolution.</summary>
    public static KernelShape OfConvolution(Tensor x, Tensor weight, long stride, long padding)
    {
        var (input, kernel) = (x.shape, weight.shape);
        return new KernelShape(true, x.dtype, kernel[1], kernel[0], kernel[2], stride, padding, input[0], input[2], input[3]);
    }

    /// <summary>The shape of a linear layer.</summary>
    public static KernelShape OfLinear(Tensor x, Tensor weight)
    {
        var sizes = weight.shape;
        return new KernelShape(false, x.dtype, sizes[1], sizes[0], 1, 1, 0, x.numel() / sizes[1], 1, 1);
    }

    /// <summary>One line without line breaks, the same on every machine.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(IsGradient ? "gradients of " : "")}{(IsConvolution ? "convolution" : "linear")} {Dtype} {Inputs}->{Outputs} {Kernel}x{Kernel} stride {Stride} padding {Padding} of {Batch}x{Height}x{Width}");
}
