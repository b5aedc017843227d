using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Nodes.Latents;

/// <summary>Nodes that make latent operations and apply them.</summary>
[NodeFamily("comfy_extras.nodes_latent", Schema = NodeSchema.V3)]
internal static class LatentOperationNodes
{
    private const string Category = "latent/advanced/operations";
    private const float TonemapLeastLength = 1e-10f;
    private const float SharpenLeastLength = 1e-6f;

    [Node("LatentApplyOperation", Category = Category, Experimental = true)]
    public static Latent Apply(Latent samples, LatentOperation operation) =>
        samples with { Samples = operation.Apply(samples.Samples) };

    /// <summary>Compresses long channel vectors smoothly; five standard deviations above the mean map to half.</summary>
    [Node("LatentOperationTonemapReinhard", Category = Category, Experimental = true)]
    public static LatentOperation Tonemap([Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01)] double multiplier) =>
        new(latent =>
        {
            var length = latent.norm(1, keepdim: true, p: 2) + TonemapLeastLength;
            var mean = length.mean([1, 2, 3], keepdim: true);
            var deviation = length.std([1, 2, 3], unbiased: true, keepdim: true);
            var top = ((deviation * 5) + mean) * multiplier;
            var ratio = length / top;
            return latent / length * (ratio / (ratio + 1) * top);
        });

    [Node("LatentOperationSharpen", Category = Category, Experimental = true)]
    public static LatentOperation Sharpen(
        [Input(Default = 9, Min = 1, Max = 31, Step = 1)] long sharpen_radius,
        [Input(Default = 1.0, Min = 0.1, Max = 10.0, Step = 0.1)] double sigma,
        [Input(Default = 0.1, Min = 0.0, Max = 5.0, Step = 0.01)] double alpha) =>
        new(latent =>
        {
            var length = latent.norm(1, keepdim: true, p: 2) + SharpenLeastLength;
            var kernel = GaussianKernel.CreateSharpening(sharpen_radius, sigma, alpha * 10);
            return GaussianKernel.Apply(latent / length, kernel) * length;
        });
}
