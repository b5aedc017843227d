using ComfyServe.Diffusion.Guidance;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling;

/// <summary>Everything that one run of a sampler depends on besides the model.</summary>
public sealed record SamplingRequest
{
    /// <summary>Where to start, in the autoencoder's scale, [B, C, H, W]; zeros for an empty canvas.</summary>
    public required Tensor Latent { get; init; }

    /// <summary>What to draw.</summary>
    public required IReadOnlyList<ConditioningEntry> Positive { get; init; }

    /// <summary>What to move away from.</summary>
    public required IReadOnlyList<ConditioningEntry> Negative { get; init; }

    /// <summary>A name of <see cref="Samplers.SamplerCatalog"/>.</summary>
    public required string Sampler { get; init; }

    /// <summary>A name of <see cref="Schedules.Schedulers"/>.</summary>
    public required string Scheduler { get; init; }

    /// <summary>Of the noise; all 64 bits count.</summary>
    public ulong Seed { get; init; }

    /// <summary>Steps, at least 1.</summary>
    public int Steps { get; init; } = 20;

    /// <summary>Scale of the guidance; 1 is none.</summary>
    public double Guidance { get; init; } = 8;

    /// <summary>How much of the start is replaced, 0 to 1.</summary>
    public double Denoise { get; init; } = 1;

    /// <summary>First step to run.</summary>
    public int StartStep { get; init; }

    /// <summary>The step to stop before; null: all.</summary>
    public int? EndStep { get; init; }

    /// <summary>False to start from the latents as they are.</summary>
    public bool AddsNoise { get; init; } = true;

    /// <summary>True to make the last step that runs end without noise, also where more would follow.</summary>
    public bool EndsClean { get; init; }

    /// <summary>1 where to paint, 0 where to keep, [N, 1, h, w] or [N, h, w] of any size; null: everywhere.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>For each latent, which noise of the seed's stream it gets; null: 0, 1, 2, ….</summary>
    public IReadOnlyList<int>? BatchIndex { get; init; }
}
