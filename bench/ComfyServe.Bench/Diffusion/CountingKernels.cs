using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Bench.Diffusion;

/// <summary>Counts the floating point operations of convolutions and linear layers while it computes them.</summary>
internal sealed class CountingKernels : Kernels
{
    /// <summary>10⁹ operations so far.</summary>
    public double Work { get; set; }

    public override Tensor Conv2d(Tensor x, Tensor weight, Tensor bias, long[] strides, long[] padding)
    {
        var result = base.Conv2d(x, weight, bias, strides, padding);
        Work += 2e-9 * result.numel() * weight.numel() / weight.shape[0];
        return result;
    }

    public override Tensor Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        var result = base.Linear(x, weight, bias);
        Work += 2e-9 * result.numel() * weight.shape[1];
        return result;
    }

    /// <summary>10⁹ operations of a UNet's attention: two products of queries × keys × channels each.</summary>
    public static double AttentionOf(UnetConfig config, long batch, long rows, long columns, long contextTokens)
    {
        var work = 0.0;
        void Add(int level, int depth)
        {
            var (tokens, channels) = ((rows >> level) * (columns >> level), config.ModelChannels * config.ChannelMultipliers[level]);
            work += depth * 4e-9 * batch * tokens * (tokens + contextTokens) * channels;
        }

        var (down, up) = (0, 0);
        for (var level = 0; level < config.ChannelMultipliers.Count; level++)
        {
            for (var i = 0; i < config.ResidualBlocks[level]; i++)
            {
                Add(level, config.InputDepths[down++]);
            }
        }

        Add(config.ChannelMultipliers.Count - 1, config.MiddleDepth);
        for (var level = config.ChannelMultipliers.Count - 1; level >= 0; level--)
        {
            for (var i = 0; i <= config.ResidualBlocks[level]; i++)
            {
                Add(level, config.OutputDepths[up++]);
            }
        }

        return work;
    }

    /// <summary>10⁹ operations of the autoencoder's one attention.</summary>
    public static double AttentionOf(AutoencoderKlConfig config, long rows, long columns) =>
        4e-9 * rows * columns * rows * columns * config.Channels * config.ChannelMultipliers[^1];
}
