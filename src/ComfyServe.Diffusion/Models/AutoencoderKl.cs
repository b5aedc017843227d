using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Models;

/// <summary>The autoencoder of latent diffusion (https://arxiv.org/abs/2112.10752, section 3.1): images to latents and back.
/// Latents are unscaled here: 0.18215 belongs to the sampler.</summary>
public sealed class AutoencoderKl : IDisposable
{
    private readonly ComputeFormat _format;
    private readonly IReadOnlyCollection<Tensor> _owned;
    private readonly AutoencoderEncoder _encoder;
    private readonly AutoencoderDecoder _decoder;
    private readonly Conv2d _toMoments;
    private readonly Conv2d _fromLatent;

    /// <summary>Takes the weights; names start with <c>encoder.</c>, <c>decoder.</c>, <c>quant_conv.</c>, <c>post_quant_conv.</c>.</summary>
    /// <exception cref="CheckpointException">Weights are missing or have other shapes; the message names all of them.</exception>
    public AutoencoderKl(AutoencoderKlConfig config, WeightMap weights, ComputeFormat format)
    {
        Config = config;
        _format = format;
        _encoder = new AutoencoderEncoder(config, weights["encoder"]);
        _decoder = new AutoencoderDecoder(config, weights["decoder"]);
        _toMoments = new Conv2d(weights["quant_conv"], 2 * config.LatentChannels, 2 * config.LatentChannels, kernel: 1);
        _fromLatent = new Conv2d(weights["post_quant_conv"], config.LatentChannels, config.LatentChannels, kernel: 1);
        weights.ThrowIfIncomplete();
        _owned = weights.Owned;
    }

    /// <summary>The sizes.</summary>
    public AutoencoderKlConfig Config { get; }

    /// <summary>Bytes of memory that the weights take.</summary>
    public long ByteSize => _owned.Sum(t => t.numel() * t.element_size());

    /// <summary>Encodes images to latents: the distribution's mean, no sampling.</summary>
    /// <param name="pixels">Images [B, H, W, 3], 0 to 1. Sides that are no multiple of <see cref="AutoencoderKlConfig.Downscale"/> are cropped around the centre.</param>
    /// <returns>fp32 [B, latent channels, H/8, W/8] on the CPU.</returns>
    public Tensor Encode(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        var image = CropToCells(pixels).narrow(3, 0, Config.ImageChannels); // [B, H, W, 3]
        var moments = EncodeMoments((image.to(ScalarType.Float32) * 2 - 1).permute(0, 3, 1, 2)); // [B, 2·latent, H/8, W/8]
        return moments.narrow(1, 0, Config.LatentChannels).contiguous().MoveToOuterDisposeScope(); // [B, latent, H/8, W/8]
    }

    /// <summary>The part around the centre that is whole latent cells: a view.</summary>
    /// <param name="images">Images or masks of any size, [B, H, W] or [B, H, W, C].</param>
    public Tensor CropToCells(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        var (height, width) = (images.shape[1], images.shape[2]);
        var (top, left) = (height % Config.Downscale, width % Config.Downscale);
        return images.narrow(1, top / 2, height - top).narrow(2, left / 2, width - left);
    }

    /// <summary>Encodes images [B, 3, H, W], −1 to 1, to mean and log variance: fp32 [B, 2·latent channels, H/8, W/8].</summary>
    public Tensor EncodeMoments(Tensor image)
    {
        using var scope = NewDisposeScope();
        var x = _format.Activation(image); // [B, 3, H, W]
        return ComputeFormat.Result(_toMoments.Forward(_encoder.Forward(x))).MoveToOuterDisposeScope(); // [B, 2·latent, H/8, W/8]
    }

    /// <summary>The encoder's own output, before the last 1×1 convolution: fp32 [B, 2·latent channels, H/8, W/8].</summary>
    internal Tensor EncodeFeatures(Tensor image)
    {
        using var scope = NewDisposeScope();
        return ComputeFormat.Result(_encoder.Forward(_format.Activation(image))).MoveToOuterDisposeScope();
    }

    /// <summary>Decodes latents to images.</summary>
    /// <param name="latents">Unscaled latents [B, latent channels, H, W].</param>
    /// <returns>fp32 [B, 8·H, 8·W, 3] on the CPU, 0 to 1.</returns>
    public Tensor Decode(Tensor latents)
    {
        using var scope = NewDisposeScope();
        var image = DecodeImage(latents); // [B, 3, 8·H, 8·W]
        return ((image + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).contiguous().MoveToOuterDisposeScope(); // [B, 8·H, 8·W, 3]
    }

    /// <summary>Decodes latents to the network's own output: fp32 [B, 3, 8·H, 8·W], about −1 to 1, not clamped.</summary>
    public Tensor DecodeImage(Tensor latents)
    {
        using var scope = NewDisposeScope();
        var z = _format.Activation(latents); // [B, latent, H, W]
        return ComputeFormat.Result(_decoder.Forward(_fromLatent.Forward(z))).MoveToOuterDisposeScope(); // [B, 3, 8·H, 8·W]
    }

    /// <summary>Gives the weights' memory back.</summary>
    public void Dispose()
    {
        foreach (var tensor in _owned)
        {
            tensor.Dispose();
        }
    }
}
