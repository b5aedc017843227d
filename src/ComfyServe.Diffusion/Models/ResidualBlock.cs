using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>Two convolutions with the timestep's embedding added between them, around a skip connection.</summary>
internal sealed class ResidualBlock(WeightMap weights, long inputs, long outputs, long embedding, int groups)
{
    private readonly GroupNorm _norm1 = new(weights["in_layers.0"], inputs, groups, 1e-5);
    private readonly Conv2d _conv1 = new(weights["in_layers.2"], inputs, outputs, kernel: 3);
    private readonly Linear _embedding = new(weights["emb_layers.1"], embedding, outputs);
    private readonly GroupNorm _norm2 = new(weights["out_layers.0"], outputs, groups, 1e-5);
    private readonly Conv2d _conv2 = new(weights["out_layers.3"], outputs, outputs, kernel: 3);
    private readonly Conv2d? _skip = inputs == outputs ? null : new Conv2d(weights["skip_connection"], inputs, outputs, kernel: 1);

    /// <summary>x [B, inputs, H, W] and the activated embedding [B, embedding] → [B, outputs, H, W].</summary>
    public Tensor Forward(Tensor x, Tensor embedding, Action<string, Tensor>? trace, string name)
    {
        using var scope = NewDisposeScope();
        var h = _conv1.Forward(silu(_norm1.Forward(x))); // [B, outputs, H, W]
        trace?.Invoke($"{name}.in_layers", h);
        var shift = _embedding.Forward(embedding); // [B, outputs]
        trace?.Invoke($"{name}.emb_layers", shift);
        h = h + shift.unsqueeze(-1).unsqueeze(-1); // [B, outputs, H, W]
        h = _conv2.Forward(silu(_norm2.Forward(h))); // [B, outputs, H, W]
        trace?.Invoke($"{name}.out_layers", h);
        var skip = _skip?.Forward(x) ?? x; // [B, outputs, H, W]
        trace?.Invoke($"{name}.skip_connection", skip);
        h = skip + h; // [B, outputs, H, W]
        trace?.Invoke(name, h);
        return h.MoveToOuterDisposeScope();
    }
}
