using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Models;

/// <summary>2-dimensional convolution with a square kernel; padding keeps the size unless told otherwise.</summary>
internal sealed class Conv2d(WeightMap weights, long inputs, long outputs, int kernel, int stride = 1, int? padding = null)
{
    private readonly Kernels _kernels = weights.Kernels;
    private readonly Tensor _weight = weights.Take("weight", outputs, inputs, kernel, kernel);
    private readonly Tensor _bias = weights.Take("bias", outputs);
    private readonly long[] _strides = [stride, stride];
    private readonly long[] _padding = [padding ?? kernel / 2, padding ?? kernel / 2];

    public Tensor Forward(Tensor x)
    {
        Interruption.Check();
        return _kernels.Conv2d(x, _weight, _bias, _strides, _padding); // [B, outputs, H/stride, W/stride]
    }
}
