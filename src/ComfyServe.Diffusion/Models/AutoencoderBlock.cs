using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>The autoencoder's residual block: two convolutions around a skip connection, no timestep.</summary>
internal sealed class AutoencoderBlock(WeightMap weights, long inputs, long outputs, int groups)
{
    private readonly GroupNorm _norm1 = new(weights["norm1"], inputs, groups, 1e-6);
    private readonly Conv2d _conv1 = new(weights["conv1"], inputs, outputs, kernel: 3);
    private readonly GroupNorm _norm2 = new(weights["norm2"], outputs, groups, 1e-6);
    private readonly Conv2d _conv2 = new(weights["conv2"], outputs, outputs, kernel: 3);
    private readonly Conv2d? _skip = inputs == outputs ? null : new Conv2d(weights["nin_shortcut"], inputs, outputs, kernel: 1);

    /// <summary>[B, inputs, H, W] → [B, outputs, H, W].</summary>
    public Tensor Forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var h = _conv1.Forward(Activate(_norm1, x)); // [B, outputs, H, W]
        h = _conv2.Forward(Activate(_norm2, h)); // [B, outputs, H, W]
        var skip = _skip?.Forward(x) ?? x; // [B, outputs, H, W]
        return (skip + h).MoveToOuterDisposeScope(); // [B, outputs, H, W]
    }

    private static Tensor Activate(GroupNorm norm, Tensor x)
    {
        // Tensors are large here (128 channels at full size): the norm's result is let go at once.
        using var normed = norm.Forward(x);
        return silu(normed);
    }
}
