using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Models;

namespace ComfyServe.Diffusion.Adapters;

/// <summary>Adds a LoRA to loaded networks.</summary>
public static class Lora
{
    /// <summary>A UNet with the file's changes added. It shares the weights that do not change, which must outlive it.</summary>
    /// <param name="unet">The network; it stays as it is.</param>
    /// <param name="lora">The changes.</param>
    /// <param name="strength">Factor on them; may be negative.</param>
    /// <param name="changed">How many weights were changed; 0: the file has nothing for this network.</param>
    /// <exception cref="CheckpointException">A change does not fit its weight.</exception>
    public static Unet Apply(Unet unet, LoraFile lora, double strength, out int changed)
    {
        ArgumentNullException.ThrowIfNull(unet);
        var blocks = LoraKeys.DiffusersBlocks(unet.Config);
        var source = new PatchedWeights(unet.Weights, lora, strength, unet.Format, layer => LoraKeys.OfUnet(layer, blocks));
        var patched = new Unet(unet.Config, new WeightMap(source, unet.Kernels), unet.Format);
        changed = source.Changed;
        return patched;
    }

    /// <summary>A text encoder with the file's changes added.</summary>
    /// <param name="textEncoder">The network; it stays as it is.</param>
    /// <param name="lora">The changes.</param>
    /// <param name="strength">Factor on them; may be negative.</param>
    /// <param name="changed">How many weights were changed; 0: the file has nothing for this network.</param>
    /// <exception cref="CheckpointException">A change does not fit its weight.</exception>
    public static ClipTextModel Apply(ClipTextModel textEncoder, LoraFile lora, double strength, out int changed)
    {
        ArgumentNullException.ThrowIfNull(textEncoder);
        var source = new PatchedWeights(textEncoder.Weights, lora, strength, textEncoder.Format, LoraKeys.OfTextEncoder);
        var patched = new ClipTextModel(textEncoder.Config, new WeightMap(source, textEncoder.Kernels), textEncoder.Format);
        changed = source.Changed;
        return patched;
    }
}
