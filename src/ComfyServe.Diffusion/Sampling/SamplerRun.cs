using ComfyServe.Diffusion.Sampling.Noise;
using ComfyServe.Diffusion.Sampling.Schedules;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling;

/// <summary>Everything that a sampler works with.</summary>
/// <param name="Model">The denoiser.</param>
/// <param name="Sigmas">Noise levels in falling order; the last is usually 0.</param>
/// <param name="Noise">Where samplers that add noise on the way take it from.</param>
/// <param name="Schedule">What the model was trained on.</param>
/// <param name="OnStep">Called once a step, on the sampler's thread; may throw to stop.</param>
public sealed record SamplerRun(
    IDenoiser Model,
    IReadOnlyList<float> Sigmas,
    INoiseSampler Noise,
    DiscreteSchedule Schedule,
    Action<SamplerStep>? OnStep = null)
{
    /// <summary>How many steps lie between the sigmas.</summary>
    public int Steps => Math.Max(Sigmas.Count - 1, 0);

    /// <summary>The guided estimate.</summary>
    internal Tensor Denoise(Tensor x, double sigma) => Model.Denoise(x, sigma).Guided;
}
