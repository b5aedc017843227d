using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Latents;

/// <summary>Nodes that compute with latents. The second operand is resized and repeated to the first's shape.</summary>
[NodeFamily("comfy_extras.nodes_latent", Schema = NodeSchema.V3)]
internal static class LatentMathNodes
{
    private const string Category = "latent/advanced";

    [Node("LatentAdd", Category = Category, Memory = nameof(NodeMemory.OfTwoLatents), MemorySource = typeof(NodeMemory))]
    public static Latent Add(Latent samples1, Latent samples2) =>
        samples1 with { Samples = samples1.Samples + Second(samples1, samples2) };

    [Node("LatentSubtract", Category = Category, Memory = nameof(NodeMemory.OfTwoLatents), MemorySource = typeof(NodeMemory))]
    public static Latent Subtract(Latent samples1, Latent samples2) =>
        samples1 with { Samples = samples1.Samples - Second(samples1, samples2) };

    [Node("LatentMultiply", Category = Category)]
    public static Latent Multiply(
        Latent samples, [Input(Default = 1.0, Min = -10.0, Max = 10.0, Step = 0.01)] double multiplier) =>
        samples with { Samples = samples.Samples * multiplier };

    /// <summary>Mixes directions and lengths of the channel vectors apart from each other.</summary>
    [Node("LatentInterpolate", Category = Category, Memory = nameof(NodeMemory.OfTwoLatents), MemorySource = typeof(NodeMemory))]
    public static Latent Interpolate(
        Latent samples1, Latent samples2, [Input(Default = 1.0, Min = 0.0, Max = 1.0, Step = 0.01)] double ratio)
    {
        var (first, second) = (samples1.Samples, Second(samples1, samples2));
        var mixed = new List<Tensor>();
        for (var i = 0L; i < first.shape[0]; i++)
        {
            Interruption.Check();
            mixed.Add(Mix(first.narrow(0, i, 1), second.narrow(0, i, 1), ratio));
        }

        return samples1 with { Samples = cat(mixed, 0) };
    }

    [Node("LatentConcat", Category = Category, Memory = nameof(NodeMemory.OfConcatenatedLatents), MemorySource = typeof(NodeMemory))]
    public static Latent Concat(Latent samples1, Latent samples2, [Choices("x", "-x", "y", "-y", "t", "-t")] string dim)
    {
        var second = BatchSize.Match(samples2.Samples, samples1.Samples.shape[0]);
        Tensor[] parts = dim.StartsWith('-') ? [second, samples1.Samples] : [samples1.Samples, second];
        return samples1 with { Samples = cat(parts, Axis(dim)) };
    }

    [Node("LatentCut", Category = Category)]
    public static Latent Cut(
        Latent samples,
        [Choices("x", "y", "t")] string dim,
        [Input(Default = 0, Min = -16384, Max = 16384, Step = 1)] long index,
        [Input(Default = 1, Min = 1, Max = 16384, Step = 1)] long amount)
    {
        var axis = samples.Samples.shape.Length + Axis(dim);
        var size = samples.Samples.shape[axis];
        index = index >= 0 ? Math.Min(index, size - 1) : Math.Max(index, -size);
        amount = Math.Min(index >= 0 ? size - index : -index, amount);
        return samples with { Samples = samples.Samples.narrow(axis, index >= 0 ? index : size + index, amount) };
    }

    [Node("LatentBlend", Display = "Latent Blend", Category = "_for_testing", Module = "nodes", Schema = NodeSchema.V1, Memory = nameof(NodeMemory.OfTwoLatents), MemorySource = typeof(NodeMemory))]
    public static Latent Blend(
        Latent samples1, Latent samples2, [Input(Default = 0.5, Min = 0, Max = 1, Step = 0.01)] double blend_factor)
    {
        var (first, second) = (samples1.Samples, samples2.Samples);
        if (!first.shape.SequenceEqual(second.shape))
        {
            second = Resampling.Upscale(second, first.shape[3], first.shape[2], "bicubic", centerCrop: true);
        }

        return samples1 with { Samples = (first * blend_factor) + (second * (1 - blend_factor)) };
    }

    private static Tensor Second(Latent first, Latent second) => LatentShapes.Match(second.Samples, first.Samples);

    private static Tensor Mix(Tensor first, Tensor second, double ratio)
    {
        var (firstLength, secondLength) = (Length(first), Length(second));
        Interruption.Check();
        var mixed = ((first / firstLength).nan_to_num() * ratio) + ((second / secondLength).nan_to_num() * (1 - ratio));
        Interruption.Check();
        var direction = (mixed / Length(mixed)).nan_to_num();
        Interruption.Check();
        return direction * ((firstLength * ratio) + (secondLength * (1 - ratio)));
    }

    private static Tensor Length(Tensor samples) => samples.norm(1, keepdim: true, p: 2);

    private static int Axis(string dim) => dim[^1] switch
    {
        'x' => -1,
        'y' => -2,
        _ => -3,
    };
}
