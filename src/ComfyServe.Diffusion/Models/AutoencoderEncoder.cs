using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>The autoencoder's way down: images [B, 3, H, W] → moments [B, 2·latent, H/8, W/8].</summary>
internal sealed class AutoencoderEncoder
{
    private readonly Conv2d _first;
    private readonly List<(AutoencoderBlock[] Blocks, Conv2d? Down)> _levels = [];
    private readonly AutoencoderMiddle _middle;
    private readonly GroupNorm _norm;
    private readonly Conv2d _last;

    public AutoencoderEncoder(AutoencoderKlConfig config, WeightMap weights)
    {
        _first = new Conv2d(weights["conv_in"], config.ImageChannels, config.Channels, kernel: 3);
        var channels = config.Channels;
        for (var level = 0; level < config.ChannelMultipliers.Count; level++)
        {
            var own = weights["down"][$"{level}"];
            var outputs = config.Channels * config.ChannelMultipliers[level];
            var blocks = new AutoencoderBlock[config.ResidualBlocks];
            for (var i = 0; i < blocks.Length; i++)
            {
                blocks[i] = new AutoencoderBlock(own["block"][$"{i}"], channels, outputs, config.NormGroups);
                channels = outputs;
            }

            var last = level == config.ChannelMultipliers.Count - 1;
            _levels.Add((blocks, last ? null : new Conv2d(own["downsample.conv"], channels, channels, kernel: 3, stride: 2, padding: 0)));
        }

        _middle = new AutoencoderMiddle(weights["mid"], channels, config.NormGroups);
        _norm = new GroupNorm(weights["norm_out"], channels, config.NormGroups, 1e-6);
        _last = new Conv2d(weights["conv_out"], channels, 2 * config.LatentChannels, kernel: 3);
    }

    public Tensor Forward(Tensor image)
    {
        using var scope = NewDisposeScope();
        var h = _first.Forward(image); // [B, C, H, W]
        foreach (var (blocks, down) in _levels)
        {
            foreach (var block in blocks)
            {
                h = Replace(h, block.Forward(h)); // [B, C·m, H/2ⁿ, W/2ⁿ]
            }

            if (down is not null)
            {
                using var padded = pad(h, (0, 1, 0, 1)); // right and bottom only
                h = Replace(h, down.Forward(padded)); // [B, C·m, H/2ⁿ⁺¹, W/2ⁿ⁺¹]
            }
        }

        h = _middle.Forward(h); // [B, C·m, H/8, W/8]
        return _last.Forward(silu(_norm.Forward(h))).MoveToOuterDisposeScope(); // [B, 2·latent, H/8, W/8]
    }

    /// <summary>Lets go of a full-size tensor as soon as its successor is there.</summary>
    private static Tensor Replace(Tensor old, Tensor next)
    {
        old.Dispose();
        return next;
    }
}
