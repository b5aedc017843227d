using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Nodes.Latents;

/// <summary>Nodes that prepare the latents a sampler starts from.</summary>
internal static class LatentStartNodes
{
    private const int Channels = 4;
    private const int PixelsPerCell = 8;

    [Node("EmptyLatentImage", Display = "Empty Latent Image", Category = "latent", Description = "Makes empty latents to be denoised.", Memory = nameof(NodeMemory.OfEmptyLatent), MemorySource = typeof(NodeMemory))]
    [Outputs("LATENT", Tooltips = ["The empty latents."])]
    public static Latent Empty(
        [Input(Default = 512, Min = 16, Max = 16384, Step = 8, Tooltip = "Width of the images in pixels.")] long width,
        [Input(Default = 512, Min = 16, Max = 16384, Step = 8, Tooltip = "Height of the images in pixels.")] long height,
        [Input(Default = 1, Min = 1, Max = 4096, Tooltip = "Number of images.")] long batch_size) => new()
        {
            Samples = LargeTensors.Filled(0, batch_size, Channels, height / PixelsPerCell, width / PixelsPerCell),
        };

    [Node("SetLatentNoiseMask", Display = "Set Latent Noise Mask", Category = "latent/inpaint")]
    public static Latent SetNoiseMask(Latent samples, Mask mask) =>
        samples with { NoiseMask = mask.Tensor.reshape(-1, 1, mask.Height, mask.Width) };
}
