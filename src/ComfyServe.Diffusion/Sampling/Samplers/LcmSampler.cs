using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>lcm</c>: x' = D + ξ·σ'. Luo et al. 2023, "Latent consistency models", algorithm 3.</summary>
internal sealed class LcmSampler : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x) => StepLoop.Run(
        run, x, static step => step.IsLast ? step.Denoised : step.Denoised + (step.Noise() * step.Next));
}
