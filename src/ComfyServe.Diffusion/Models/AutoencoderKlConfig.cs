using ComfyServe.Diffusion.Checkpoints;

namespace ComfyServe.Diffusion.Models;

/// <summary>Sizes of the autoencoder between images and latents. The defaults are Stable Diffusion 1.5.</summary>
public sealed record AutoencoderKlConfig
{
    /// <summary>Channels at full size; a multiple of 32.</summary>
    public long Channels { get; init; } = 128;

    /// <summary>Channels of each level as multiples of <see cref="Channels"/>. Each level after the first halves the size.</summary>
    public IReadOnlyList<int> ChannelMultipliers { get; init; } = [1, 2, 4, 4];

    /// <summary>Residual blocks of each level in the encoder; the decoder has one more.</summary>
    public int ResidualBlocks { get; init; } = 2;

    /// <summary>Channels of a latent.</summary>
    public long LatentChannels { get; init; } = 4;

    /// <summary>Channels of an image.</summary>
    public long ImageChannels { get; init; } = 3;

    /// <summary>Groups of every group norm: 32, fewer in models too narrow for that.</summary>
    public int NormGroups { get; init; } = 32;

    /// <summary>Pixels per latent pixel, each way.</summary>
    public int Downscale => 1 << (ChannelMultipliers.Count - 1);

    /// <summary>Reads the sizes from the shapes of weights.</summary>
    /// <param name="weights">Names start with <c>encoder.</c>, <c>decoder.</c>, <c>quant_conv.</c>.</param>
    /// <param name="metadata">The checkpoint's strings; see <see cref="UnetConfig.NormGroupsKey"/>.</param>
    /// <exception cref="CheckpointException">There is no autoencoder at this place.</exception>
    public static AutoencoderKlConfig Infer(WeightMap weights, IReadOnlyDictionary<string, string>? metadata = null)
    {
        if (weights.ShapeOf("encoder.conv_in.weight") is not [var channels, var image, _, _]
            || weights.ShapeOf("decoder.conv_in.weight") is not [_, var latent, _, _])
        {
            throw new CheckpointException("there is no autoencoder (VAE) in the checkpoint: 'encoder.conv_in.weight' or 'decoder.conv_in.weight' is missing");
        }

        var multipliers = new List<int>();
        while (weights.ShapeOf($"encoder.down.{multipliers.Count}.block.0.conv1.weight") is [var outputs, _, _, _])
        {
            multipliers.Add((int)(outputs / channels));
        }

        var blocks = 0;
        while (weights.Contains($"encoder.down.0.block.{blocks}.conv1.weight"))
        {
            blocks++;
        }

        return new AutoencoderKlConfig
        {
            Channels = channels,
            ChannelMultipliers = multipliers,
            ResidualBlocks = blocks,
            LatentChannels = latent,
            ImageChannels = image,
            NormGroups = (int)UnetConfig.Number(metadata, UnetConfig.NormGroupsKey, 32),
        };
    }
}
