using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Models;

/// <summary>The autoencoder's middle at the latents' size: residual block, self-attention with one head, residual block.</summary>
internal sealed class AutoencoderMiddle(WeightMap weights, long channels, int groups)
{
    private readonly AutoencoderBlock _block1 = new(weights["block_1"], channels, channels, groups);
    private readonly GroupNorm _norm = new(weights["attn_1.norm"], channels, groups, 1e-6);
    private readonly Conv2d _query = new(weights["attn_1.q"], channels, channels, kernel: 1);
    private readonly Conv2d _key = new(weights["attn_1.k"], channels, channels, kernel: 1);
    private readonly Conv2d _value = new(weights["attn_1.v"], channels, channels, kernel: 1);
    private readonly Conv2d _output = new(weights["attn_1.proj_out"], channels, channels, kernel: 1);
    private readonly AutoencoderBlock _block2 = new(weights["block_2"], channels, channels, groups);

    /// <summary>[B, C, H, W] → [B, C, H, W].</summary>
    public Tensor Forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var h = Attend(_block1.Forward(x)); // [B, C, H, W]
        return _block2.Forward(h).MoveToOuterDisposeScope(); // [B, C, H, W]
    }

    private Tensor Attend(Tensor x)
    {
        using var scope = NewDisposeScope();
        var normed = _norm.Forward(x); // [B, C, H, W]
        var attended = Attention.Forward(
            Tokens(_query.Forward(normed)), Tokens(_key.Forward(normed)), Tokens(_value.Forward(normed)), heads: 1); // [B, H·W, C]
        var map = attended.view(x.shape[0], x.shape[2], x.shape[3], x.shape[1]).permute(0, 3, 1, 2); // [B, C, H, W], NHWC strides
        return (x + _output.Forward(map)).MoveToOuterDisposeScope(); // [B, C, H, W]
    }

    private static Tensor Tokens(Tensor map) =>
        map.permute(0, 2, 3, 1).reshape(map.shape[0], -1, map.shape[1]); // [B, H·W, C]
}
