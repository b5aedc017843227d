using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Sampling.Samplers;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling;

/// <summary>Everything that one run over given sigmas depends on besides the model.</summary>
public sealed record SigmaSamplingRequest
{
    /// <summary>Where to start, in the autoencoder's scale, [B, C, H, W]; zeros for an empty canvas.</summary>
    public required Tensor Latent { get; init; }

    /// <summary>The noise levels to visit; none leaves the latents as they are, one only adds noise.</summary>
    public required IReadOnlyList<float> Sigmas { get; init; }

    /// <summary>How steps are taken.</summary>
    public required SamplerEntry Sampler { get; init; }

    /// <summary>What to draw.</summary>
    public required IReadOnlyList<ConditioningEntry> Positive { get; init; }

    /// <summary>What to move away from; may be empty where <see cref="Guidance"/> is 1.</summary>
    public IReadOnlyList<ConditioningEntry> Negative { get; init; } = [];

    /// <summary>Scale of the guidance; 1 is none.</summary>
    public double Guidance { get; init; } = 1;

    /// <summary>Of the noise; all 64 bits count.</summary>
    public ulong Seed { get; init; }

    /// <summary>False to start from the latents as they are.</summary>
    public bool AddsNoise { get; init; } = true;

    /// <summary>1 where to paint, 0 where to keep, [N, 1, h, w] or [N, h, w] of any size; null: everywhere.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>For each latent, which noise of the seed's stream it gets; null: 0, 1, 2, ….</summary>
    public IReadOnlyList<int>? BatchIndex { get; init; }
}
