using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>The operations whose implementation differs by processor, in one place: what a self-test can check and replace.</summary>
internal class Kernels
{
    /// <summary>libtorch's own.</summary>
    public static Kernels Torch { get; } = new();

    /// <summary>2-dimensional convolution of [B, C, H, W].</summary>
    public virtual Tensor Conv2d(Tensor x, Tensor weight, Tensor bias, long[] strides, long[] padding) =>
        conv2d(InFormat(x), weight, bias, strides, padding);

    /// <summary>x·Wᵀ + b over the last dimension.</summary>
    public virtual Tensor Linear(Tensor x, Tensor weight, Tensor? bias) => linear(x, weight, bias!);

    /// <summary>Gives [B, C, H, W] the strides of its format, also where they make no difference: NCHW for fp32, NHWC otherwise.</summary>
    /// <remarks>
    /// libtorch chooses the layout of a convolution by strides. At 1×1 pixels both layouts count as contiguous, so
    /// contiguous() keeps either, and the fp32 NHWC kernel that then runs was measured 8 % off (1280→1280, 1×1, batch 2).
    /// </remarks>
    private static Tensor InFormat(Tensor x)
    {
        var channelsLast = x.dtype != ScalarType.Float32;
        if (x.shape is not [var batch, var channels, 1, 1])
        {
            return channelsLast ? x : x.contiguous();
        }

        var flat = x.reshape(batch, channels);
        return channelsLast ? flat.view(batch, 1, 1, channels).permute(0, 3, 1, 2) : flat.view(batch, channels, 1, 1);
    }
}
