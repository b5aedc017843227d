using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>Transformer over the pixels of a feature map, with cross-attention to the conditioning
/// (https://arxiv.org/abs/2112.10752, section 3.3).</summary>
internal sealed class SpatialTransformer
{
    private readonly GroupNorm _norm;
    private readonly Conv2d? _convIn;
    private readonly Conv2d? _convOut;
    private readonly Linear? _linearIn;
    private readonly Linear? _linearOut;
    private readonly Block[] _blocks;

    public SpatialTransformer(UnetConfig config, WeightMap weights, long channels, int depth)
    {
        _norm = new GroupNorm(weights["norm"], channels, config.NormGroups, 1e-6);
        if (config.LinearProjections)
        {
            _linearIn = new Linear(weights["proj_in"], channels, channels);
            _linearOut = new Linear(weights["proj_out"], channels, channels);
        }
        else
        {
            _convIn = new Conv2d(weights["proj_in"], channels, channels, kernel: 1);
            _convOut = new Conv2d(weights["proj_out"], channels, channels, kernel: 1);
        }

        var heads = config.HeadsFor(channels);
        _blocks = [.. Enumerable.Range(0, depth).Select(i => new Block(weights["transformer_blocks"][$"{i}"], channels, config.ContextWidth, heads))];
    }

    /// <summary>x [B, C, H, W] and context [B, N, context width] → [B, C, H, W].</summary>
    public Tensor Forward(Tensor x, Tensor context, Action<string, Tensor>? trace, string name)
    {
        using var scope = NewDisposeScope();
        var (batch, channels, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        var h = _norm.Forward(x); // [B, C, H, W]
        trace?.Invoke($"{name}.norm", h);
        h = _convIn?.Forward(h) ?? h; // [B, C, H, W]
        trace?.Invoke($"{name}.proj_in", h);

        // With NHWC strides this is a view, otherwise a copy.
        h = h.permute(0, 2, 3, 1).reshape(batch, height * width, channels); // [B, H·W, C]
        h = _linearIn?.Forward(h) ?? h; // [B, H·W, C]
        foreach (var block in _blocks)
        {
            h = block.Forward(h, context); // [B, H·W, C]
        }

        h = _linearOut?.Forward(h) ?? h; // [B, H·W, C]
        h = h.view(batch, height, width, channels).permute(0, 3, 1, 2); // [B, C, H, W], NHWC strides
        if (_convOut is not null)
        {
            h = _convOut.Forward(h); // [B, C, H, W]
        }

        trace?.Invoke($"{name}.proj_out", h);
        h = h + x; // [B, C, H, W]
        trace?.Invoke(name, h);
        return h.MoveToOuterDisposeScope();
    }

    /// <summary>Self-attention, cross-attention and a gated feed-forward layer, each behind a norm and around a skip.</summary>
    private sealed class Block(WeightMap weights, long width, long contextWidth, int heads)
    {
        private readonly LayerNorm _norm1 = new(weights["norm1"], width);
        private readonly AttentionLayer _self = new(weights["attn1"], width, width, heads);
        private readonly LayerNorm _norm2 = new(weights["norm2"], width);
        private readonly AttentionLayer _cross = new(weights["attn2"], width, contextWidth, heads);
        private readonly LayerNorm _norm3 = new(weights["norm3"], width);
        private readonly Linear _gated = new(weights["ff.net.0.proj"], width, 8 * width);
        private readonly Linear _down = new(weights["ff.net.2"], 4 * width, width);

        public Tensor Forward(Tensor x, Tensor context)
        {
            using var scope = NewDisposeScope();
            var normed = _norm1.Forward(x); // [B, N, C]
            x = x + _self.Forward(normed, normed); // [B, N, C]
            x = x + _cross.Forward(_norm2.Forward(x), context); // [B, N, C]
            x = x + FeedForward(_norm3.Forward(x)); // [B, N, C]
            return x.MoveToOuterDisposeScope();
        }

        /// <summary>GEGLU (https://arxiv.org/abs/2002.05202).</summary>
        /// <remarks>Two products with half of the weight each: the halves of one product are not contiguous, and what
        /// follows takes two to three times as long on them.</remarks>
        private Tensor FeedForward(Tensor x)
        {
            using var scope = NewDisposeScope();
            var gate = gelu(_gated.Forward(x, 4 * width, 4 * width)); // [B, N, 4·C]
            return _down.Forward(_gated.Forward(x, 0, 4 * width) * gate).MoveToOuterDisposeScope(); // [B, N, C]
        }
    }

    private sealed class AttentionLayer(WeightMap weights, long width, long contextWidth, int heads)
    {
        private readonly Linear _query = new(weights["to_q"], width, width, bias: false);
        private readonly Linear _key = new(weights["to_k"], contextWidth, width, bias: false);
        private readonly Linear _value = new(weights["to_v"], contextWidth, width, bias: false);
        private readonly Linear _output = new(weights["to_out.0"], width, width);

        public Tensor Forward(Tensor x, Tensor context)
        {
            using var scope = NewDisposeScope();
            var attended = Attention.Forward(_query.Forward(x), _key.Forward(context), _value.Forward(context), heads); // [B, N, C]
            return _output.Forward(attended).MoveToOuterDisposeScope(); // [B, N, C]
        }
    }
}
