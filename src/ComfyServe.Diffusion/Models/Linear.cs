using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>x·Wᵀ + b over the last dimension.</summary>
internal sealed class Linear(WeightMap weights, long inputs, long outputs, bool bias = true)
{
    private readonly Tensor _weight = weights.Take("weight", outputs, inputs);
    private readonly Tensor? _bias = bias ? weights.Take("bias", outputs) : null;

    public Tensor Forward(Tensor x) => linear(x, _weight, _bias!); // [..., outputs]
}
