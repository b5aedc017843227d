using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>2-dimensional convolution with a square kernel; padding keeps the size unless told otherwise.</summary>
internal sealed class Conv2d(WeightMap weights, long inputs, long outputs, int kernel, int stride = 1, int? padding = null)
{
    private readonly Tensor _weight = weights.Take("weight", outputs, inputs, kernel, kernel);
    private readonly Tensor _bias = weights.Take("bias", outputs);
    private readonly long[] _strides = [stride, stride];
    private readonly long[] _padding = [padding ?? kernel / 2, padding ?? kernel / 2];

    public Tensor Forward(Tensor x) => conv2d(x, _weight, _bias, _strides, _padding); // [B, outputs, H/stride, W/stride]
}
