using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Latents;

/// <summary>Makes latents of different sizes fit each other.</summary>
internal static class LatentShapes
{
    /// <summary>Samples resized (bilinear, centre crop) and repeated to another latent's shape.</summary>
    public static Tensor Match(Tensor samples, Tensor other) => BatchSize.Match(MatchSize(samples, other), other.shape[0]);

    /// <summary>Samples resized (bilinear, centre crop) to another latent's size; the batch stays.</summary>
    public static Tensor MatchSize(Tensor samples, Tensor other) =>
        samples.shape.AsSpan(1).SequenceEqual(other.shape.AsSpan(1))
            ? samples
            : Resampling.Upscale(samples, other.shape[^1], other.shape[^2], "bilinear", centerCrop: true);

    /// <summary>The noise places of a latent, counted from 0 where it has none of its own.</summary>
    public static IReadOnlyList<long> BatchIndex(Latent latent) =>
        latent.BatchIndex ?? [.. Enumerable.Range(0, (int)latent.Samples.shape[0]).Select(i => (long)i)];
}
