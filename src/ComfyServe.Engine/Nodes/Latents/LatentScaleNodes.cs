using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Nodes.Latents;

/// <summary>Nodes that resize latents.</summary>
internal static class LatentScaleNodes
{
    private const int PixelsPerCell = 8;
    private const int LeastSide = 64;

    [Node("LatentUpscale", Display = "Upscale Latent", Category = "latent", Memory = nameof(NodeMemory.OfScaledLatent), MemorySource = typeof(NodeMemory))]
    public static Latent Scale(
        Latent samples,
        [Choices("nearest-exact", "bilinear", "area", "bicubic", "bislerp")] string upscale_method,
        [Input(Default = 512, Min = 0, Max = 16384, Step = 8)] long width,
        [Input(Default = 512, Min = 0, Max = 16384, Step = 8)] long height,
        [Choices("disabled", "center")] string crop)
    {
        if (width == 0 && height == 0)
        {
            return samples;
        }

        var (rows, columns) = (samples.Samples.shape[^2], samples.Samples.shape[^1]);
        if (width == 0)
        {
            height = Math.Max(LeastSide, height);
            width = Math.Max(LeastSide, Resampling.RoundHalfEven((double)(columns * height) / rows));
        }
        else if (height == 0)
        {
            width = Math.Max(LeastSide, width);
            height = Math.Max(LeastSide, Resampling.RoundHalfEven((double)(rows * width) / columns));
        }
        else
        {
            width = Math.Max(LeastSide, width);
            height = Math.Max(LeastSide, height);
        }

        return samples with
        {
            Samples = Resampling.Upscale(
                samples.Samples, width / PixelsPerCell, height / PixelsPerCell, upscale_method, crop == "center"),
        };
    }

    [Node("LatentUpscaleBy", Display = "Upscale Latent By", Category = "latent", Memory = nameof(NodeMemory.OfScaledLatentBy), MemorySource = typeof(NodeMemory))]
    public static Latent ScaleBy(
        Latent samples,
        [Choices("nearest-exact", "bilinear", "area", "bicubic", "bislerp")] string upscale_method,
        [Input(Default = 1.5, Min = 0.01, Max = 8.0, Step = 0.01)] double scale_by)
    {
        var width = Resampling.RoundHalfEven(samples.Samples.shape[^1] * scale_by);
        var height = Resampling.RoundHalfEven(samples.Samples.shape[^2] * scale_by);
        return samples with { Samples = Resampling.Upscale(samples.Samples, width, height, upscale_method, centerCrop: false) };
    }
}
