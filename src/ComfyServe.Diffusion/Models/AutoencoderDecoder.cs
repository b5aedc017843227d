using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>The autoencoder's way up: latents [B, latent, H, W] → images [B, 3, 8·H, 8·W].</summary>
internal sealed class AutoencoderDecoder
{
    private readonly Conv2d _first;
    private readonly AutoencoderMiddle _middle;
    private readonly List<(AutoencoderBlock[] Blocks, Conv2d? Up)> _levels = [];
    private readonly GroupNorm _norm;
    private readonly Conv2d _last;

    public AutoencoderDecoder(AutoencoderKlConfig config, WeightMap weights)
    {
        var channels = config.Channels * config.ChannelMultipliers[^1];
        _first = new Conv2d(weights["conv_in"], config.LatentChannels, channels, kernel: 3);
        _middle = new AutoencoderMiddle(weights["mid"], channels, config.NormGroups);
        for (var level = config.ChannelMultipliers.Count - 1; level >= 0; level--)
        {
            var own = weights["up"][$"{level}"];
            var outputs = config.Channels * config.ChannelMultipliers[level];
            var blocks = new AutoencoderBlock[config.ResidualBlocks + 1];
            for (var i = 0; i < blocks.Length; i++)
            {
                blocks[i] = new AutoencoderBlock(own["block"][$"{i}"], channels, outputs, config.NormGroups);
                channels = outputs;
            }

            _levels.Add((blocks, level == 0 ? null : new Conv2d(own["upsample.conv"], channels, channels, kernel: 3)));
        }

        _norm = new GroupNorm(weights["norm_out"], channels, config.NormGroups, 1e-6);
        _last = new Conv2d(weights["conv_out"], channels, config.ImageChannels, kernel: 3);
    }

    public Tensor Forward(Tensor latents)
    {
        using var scope = NewDisposeScope();
        var h = _middle.Forward(_first.Forward(latents)); // [B, C·m, H, W]
        foreach (var (blocks, up) in _levels)
        {
            foreach (var block in blocks)
            {
                h = Replace(h, block.Forward(h)); // [B, C·m, H·2ⁿ, W·2ⁿ]
            }

            if (up is not null)
            {
                using var larger = interpolate(h, [2 * h.shape[2], 2 * h.shape[3]], mode: InterpolationMode.Nearest);
                h = Replace(h, up.Forward(larger)); // [B, C·m, H·2ⁿ⁺¹, W·2ⁿ⁺¹]
            }
        }

        return _last.Forward(silu(_norm.Forward(h))).MoveToOuterDisposeScope(); // [B, 3, 8·H, 8·W]
    }

    /// <summary>Lets go of a full-size tensor as soon as its successor is there.</summary>
    private static Tensor Replace(Tensor old, Tensor next)
    {
        old.Dispose();
        return next;
    }
}
