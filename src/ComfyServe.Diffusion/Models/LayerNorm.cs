using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>Layer normalisation of the last dimension with learned scale and shift.</summary>
internal sealed class LayerNorm(WeightMap weights, long width)
{
    private readonly Tensor _weight = weights.Take("weight", width);
    private readonly Tensor _bias = weights.Take("bias", width);
    private readonly long[] _shape = [width];

    public Tensor Forward(Tensor x) => layer_norm(x, _shape, _weight, _bias, 1e-5); // as x
}
