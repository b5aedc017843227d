using ComfyServe.Training.Models;

namespace ComfyServe.Training.Evaluation;

/// <summary>How pictures are drawn. The defaults are those of samples/text-to-image.json.</summary>
public sealed record SamplingSettings
{
    /// <summary>Side of the picture, a multiple of 8.</summary>
    public int Side { get; init; } = StarterSizes.Picture;

    /// <summary>Sampling steps.</summary>
    public int Steps { get; init; } = 20;

    /// <summary>Classifier-free guidance; 1 for none.</summary>
    public double Guidance { get; init; } = 4;

    /// <summary>The sampler's name.</summary>
    public string Sampler { get; init; } = "euler";

    /// <summary>The scheduler's name.</summary>
    public string Scheduler { get; init; } = "normal";
}
