using ComfyServe.Diffusion.Models;
using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Engine.Nodes.Models;

/// <summary>Nodes between images and latents.</summary>
internal static class AutoencoderNodes
{
    [Node("VAEDecode", Display = "VAE Decode", Category = "latent", Description = "Turns latents into images.", Memory = nameof(NodeMemory.OfDecoded), MemorySource = typeof(NodeMemory))]
    [Outputs("IMAGE", Tooltips = ["The images."])]
    public static ImageBatch Decode(
        [Input(Tooltip = "The latents to decode.")] Latent samples,
        [Input(Tooltip = "The autoencoder to decode with.")] Autoencoder? vae) =>
        new(Checked(vae).Network.Decode(samples.Samples));

    [Node("VAEEncode", Display = "VAE Encode", Category = "latent", Memory = nameof(NodeMemory.OfEncoded), MemorySource = typeof(NodeMemory))]
    public static Latent Encode(ImageBatch pixels, Autoencoder? vae) => new() { Samples = Checked(vae).Network.Encode(pixels.Tensor) };

    [Node("VAEEncodeForInpaint", Display = "VAE Encode (for Inpainting)", Category = "latent/inpaint", Memory = nameof(NodeMemory.OfEncoded), MemorySource = typeof(NodeMemory))]
    public static Latent EncodeForInpaint(
        ImageBatch pixels, Autoencoder? vae, Mask mask, [Input(Default = 6, Min = 0, Max = 64, Step = 1)] long grow_mask_by)
    {
        var network = Checked(vae).Network;

        // 1. Cut image and mask to whole latent cells around the centre.
        var image = network.CropToCells(pixels.Tensor); // [N, h, w, C]
        var fitted = Fit(mask, pixels, network); // [N, 1, h, w]

        // 2. Grey where the mask is; the mask that the sampler gets is larger, so that seams disappear.
        var kept = (1 - fitted.round()).squeeze(1).unsqueeze(-1); // [N, h, w, 1]
        var greyed = ((image - 0.5) * kept) + 0.5;
        var grown = grow_mask_by == 0 ? fitted : Grow(fitted.round(), grow_mask_by).narrow(2, 0, fitted.shape[2]).narrow(3, 0, fitted.shape[3]);
        return new Latent { Samples = network.Encode(greyed), NoiseMask = grown.round() };
    }

    [Node("InpaintModelConditioning", Category = "conditioning/inpaint", Memory = nameof(NodeMemory.OfEncoded), MemorySource = typeof(NodeMemory))]
    [Outputs("positive", "negative", "latent")]
    public static (Conditioning, Conditioning, Latent) PrepareInpainting(
        Conditioning positive,
        Conditioning negative,
        Autoencoder? vae,
        ImageBatch pixels,
        Mask mask,
        [Input(Default = true, Tooltip = "Also keep the sampler from changing what the mask leaves out.")] bool noise_mask)
    {
        // What an inpainting checkpoint sees besides the latents is left out: such checkpoints are not built, ordinary ones ignore it.
        var network = Checked(vae).Network;
        return (positive, negative, new Latent { Samples = network.Encode(pixels.Tensor), NoiseMask = noise_mask ? Fit(mask, pixels, network) : null });
    }

    [Node("VAEDecodeTiled", Display = "VAE Decode (Tiled)", Category = "_for_testing", Memory = nameof(NodeMemory.OfDecodedTiles), MemorySource = typeof(NodeMemory))]
    public static ImageBatch DecodeTiled(
        Latent samples,
        Autoencoder? vae,
        [Input(Default = 512, Min = 64, Max = 4096, Step = 32)] long tile_size,
        [Input(Default = 64, Min = 0, Max = 4096, Step = 32)] long overlap,
        [Input(Default = 64, Min = 8, Max = 4096, Step = 4, Tooltip = "Of video only: no effect on images.")] long temporal_size,
        [Input(Default = 8, Min = 4, Max = 4096, Step = 4, Tooltip = "Of video only: no effect on images.")] long temporal_overlap,
        NodeContext context)
    {
        var network = Checked(vae).Network;
        var cell = network.Config.Downscale;
        return new(TiledAutoencoder.Decode(
            network, samples.Samples, (int)(tile_size / cell), (int)(Overlap(tile_size, overlap) / cell), (done, all) => context.Progress(done, all)));
    }

    [Node("VAEEncodeTiled", Display = "VAE Encode (Tiled)", Category = "_for_testing")]
    public static Latent EncodeTiled(
        ImageBatch pixels,
        Autoencoder? vae,
        [Input(Default = 512, Min = 64, Max = 4096, Step = 64)] long tile_size,
        [Input(Default = 64, Min = 0, Max = 4096, Step = 32)] long overlap,
        [Input(Default = 64, Min = 8, Max = 4096, Step = 4, Tooltip = "Of video only: no effect on images.")] long temporal_size,
        [Input(Default = 8, Min = 4, Max = 4096, Step = 4, Tooltip = "Of video only: no effect on images.")] long temporal_overlap,
        NodeContext context) => new()
        {
            Samples = TiledAutoencoder.Encode(
                Checked(vae).Network, pixels.Tensor, (int)tile_size, (int)Overlap(tile_size, overlap), (done, all) => context.Progress(done, all)),
        };

    /// <summary>At most a quarter of a tile: more would make tiles of half the side advance by nothing.</summary>
    private static long Overlap(long tile, long overlap) => tile < overlap * 4 ? tile / 4 : overlap;

    /// <summary>A mask for what the network encodes of images: of their size, cropped as they are, [N, 1, h, w].</summary>
    private static Tensor Fit(Mask mask, ImageBatch pixels, AutoencoderKl network)
    {
        var whole = Resampling.Bilinear(mask.Tensor.reshape(-1, 1, mask.Height, mask.Width), pixels.Width, pixels.Height); // [N, 1, H, W]
        return network.CropToCells(whole.squeeze(1)).unsqueeze(1);
    }

    /// <summary>1 where a square of that side around a cell holds a 1.</summary>
    private static Tensor Grow(Tensor mask, long side)
    {
        var padding = side / 2; // ⌈(side − 1) ÷ 2⌉
        return conv2d(mask, ones(1, 1, side, side), padding: [padding, padding]).clamp(0, 1);
    }

    private static Autoencoder Checked(Autoencoder? vae) => vae ?? throw new NodeException(
        "RuntimeError",
        "ERROR: VAE is invalid: None\n\nIf the VAE is from a checkpoint loader node your checkpoint does not contain a valid VAE.");
}
