using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>euler_ancestral</c>: Euler's step to σ_down, then noise of σ_up.</summary>
/// <param name="eta">Share of noise, 0 to 1.</param>
/// <param name="noiseScale">Factor on the noise.</param>
public sealed class EulerAncestralSampler(double eta = 1, double noiseScale = 1) : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x) => StepLoop.Run(run, x, step =>
    {
        var (down, up) = Ancestral.Split(step.Sigma, step.Next, eta);
        return down == 0 ? step.Denoised : step.Euler(down) + (step.Noise() * (noiseScale * up));
    });
}
