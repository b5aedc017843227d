using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>euler_cfg_pp</c>, <c>euler_ancestral_cfg_pp</c>: x' = D + σ_down·(x − U)/σ + ξ·σ_up, the noise direction from the
/// unconditional estimate. Chung et al. 2024, "CFG++: manifold-constrained classifier free guidance".</summary>
/// <param name="eta">Share of noise; 0 for <c>euler_cfg_pp</c>.</param>
/// <param name="noiseScale">Factor on the noise.</param>
public sealed class EulerCfgPlusPlusSampler(double eta, double noiseScale = 1) : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x) => StepLoop.Run(
        run,
        x,
        step =>
        {
            if (step.IsLast)
            {
                return step.Denoised;
            }

            var (down, up) = Ancestral.Split(step.Sigma, step.Next, eta);
            var next = step.Denoised + ((step.X - step.Unconditional) * (down / step.Sigma));
            return eta > 0 && noiseScale > 0 ? next + (step.Noise() * (noiseScale * up)) : next;
        },
        unconditional: true);
}
