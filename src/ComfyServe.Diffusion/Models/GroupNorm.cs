using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>Group normalisation with learned scale and shift.</summary>
internal sealed class GroupNorm(WeightMap weights, long channels, int groups, double epsilon)
{
    private readonly Tensor _weight = weights.Take("weight", channels);
    private readonly Tensor _bias = weights.Take("bias", channels);

    public Tensor Forward(Tensor x) => group_norm(x, groups, _weight, _bias, epsilon); // as x
}
