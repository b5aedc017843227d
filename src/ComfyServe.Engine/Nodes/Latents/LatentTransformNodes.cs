using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Latents;

/// <summary>Nodes that turn, cut and paste latents. Sizes and places are in pixels, eight to a cell.</summary>
internal static class LatentTransformNodes
{
    private const int PixelsPerCell = 8;
    private const int LeastCells = 8;

    [Node("LatentRotate", Display = "Rotate Latent", Category = "latent/transform")]
    public static Latent Rotate(Latent samples, [Choices("none", "90 degrees", "180 degrees", "270 degrees")] string rotation) =>
        samples with { Samples = QuarterTurns.Rotate(samples.Samples, rotation, rows: 2, columns: 3) };

    [Node("LatentFlip", Display = "Flip Latent", Category = "latent/transform")]
    public static Latent Flip(Latent samples, [Choices("x-axis: vertically", "y-axis: horizontally")] string flip_method) =>
        samples with { Samples = QuarterTurns.Flip(samples.Samples, flip_method, rows: 2, columns: 3) };

    [Node("LatentCrop", Display = "Crop Latent", Category = "latent/transform")]
    public static Latent Crop(
        Latent samples,
        [Input(Default = 512, Min = 64, Max = 16384, Step = 8)] long width,
        [Input(Default = 512, Min = 64, Max = 16384, Step = 8)] long height,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 8)] long x,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 8)] long y)
    {
        // In a latent of fewer than eight cells the bound is negative and counts from the end, as in ComfyUI.
        var (rows, columns) = (samples.Samples.shape[2], samples.Samples.shape[3]);
        var left = Math.Min(x / PixelsPerCell, columns - LeastCells);
        var top = Math.Min(y / PixelsPerCell, rows - LeastCells);
        return samples with
        {
            Samples = samples.Samples
                .slice(2, top, top + (height / PixelsPerCell), 1)
                .slice(3, left, left + (width / PixelsPerCell), 1),
        };
    }

    [Node("LatentComposite", Display = "Latent Composite", Category = "latent", MemoryFactor = 4)]
    public static Latent Composite(
        Latent samples_to,
        Latent samples_from,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 8)] long x,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 8)] long y,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 8)] long feather)
    {
        (x, y, feather) = (x / PixelsPerCell, y / PixelsPerCell, feather / PixelsPerCell);
        var result = samples_to.Samples.clone();
        Interruption.Check();
        var (rows, columns) = (result.shape[2], result.shape[3]);
        var source = samples_from.Samples.slice(2, 0, Math.Max(0, rows - y), 1).slice(3, 0, Math.Max(0, columns - x), 1);
        var (height, width) = (source.shape[2], source.shape[3]);
        if (height > 0 && width > 0)
        {
            // An edge that touches the border of the target is not feathered.
            var weight = Ramp(height, feather, atStart: y != 0, atEnd: y + height < rows).unsqueeze(1)
                * Ramp(width, feather, atStart: x != 0, atEnd: x + width < columns);
            var region = result.narrow(2, y, height).narrow(3, x, width);
            var weighted = source * weight;
            Interruption.Check();
            region.copy_(weighted + (region * (1 - weight)));
        }

        return samples_to with { Samples = result };
    }

    [Node("LatentCompositeMasked", Category = "latent", Module = "comfy_extras.nodes_mask", Memory = nameof(NodeMemory.OfPastedLatents), MemorySource = typeof(NodeMemory))]
    public static Latent CompositeMasked(
        Latent destination,
        Latent source,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 8)] long x,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 8)] long y,
        [Input(Default = false)] bool resize_source,
        Mask? mask = null) =>
        destination with
        {
            Samples = Compositing.Paste(
                destination.Samples, source.Samples, x, y, mask?.Tensor, PixelsPerCell, resize_source),
        };

    private static Tensor Ramp(long length, long feather, bool atStart, bool atEnd)
    {
        var factors = new float[length];
        Array.Fill(factors, 1f);
        for (var i = 0L; i < Math.Min(feather, length); i++)
        {
            var factor = (float)(1.0 / feather * (i + 1));
            factors[i] *= atStart ? factor : 1;
            factors[length - 1 - i] *= atEnd ? factor : 1;
        }

        return tensor(factors);
    }
}
