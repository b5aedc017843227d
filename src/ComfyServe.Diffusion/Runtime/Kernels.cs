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
        conv2d(x, weight, bias, strides, padding);

    /// <summary>x·Wᵀ + b over the last dimension.</summary>
    public virtual Tensor Linear(Tensor x, Tensor weight, Tensor? bias) => linear(x, weight, bias!);
}
