using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Models;

/// <summary>x·Wᵀ + b over the last dimension.</summary>
internal sealed class Linear(WeightMap weights, long inputs, long outputs, bool bias = true)
{
    private readonly Kernels _kernels = weights.Kernels;
    private readonly Tensor _weight = weights.Take("weight", outputs, inputs);
    private readonly Tensor? _bias = bias ? weights.Take("bias", outputs) : null;

    public Tensor Forward(Tensor x)
    {
        Interruption.Check();
        return _kernels.Linear(x, _weight, _bias); // [..., outputs]
    }

    /// <summary>Only <paramref name="count"/> outputs from <paramref name="first"/> on.</summary>
    public Tensor Forward(Tensor x, long first, long count)
    {
        using var scope = NewDisposeScope();
        return _kernels.Linear(x, _weight.narrow(0, first, count), _bias?.narrow(0, first, count)).MoveToOuterDisposeScope(); // [..., count]
    }
}
