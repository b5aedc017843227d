using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>dpmpp_2m_sde</c>, <c>dpmpp_2m_sde_heun</c>: two-step DPM-Solver++ on the SDE.</summary>
/// <remarks>
/// x' = (σ'/σ)·e^(−ηh)·x + (1 − e^(−h(1+η)))·D + correction·(D − D_prev)/r + ξ·σ'·√(1 − e^(−2ηh)).
/// Lu et al. 2022, "DPM-Solver++", equation 18.
/// </remarks>
/// <param name="heun">Which second-order term: Heun's or the midpoint's.</param>
/// <param name="eta">Share of noise.</param>
/// <param name="noiseScale">Factor on the noise.</param>
public sealed class DpmPlusPlus2MSdeSampler(bool heun = false, double eta = 1, double noiseScale = 1) : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x)
    {
        Tensor? previous = null;
        return StepLoop.Run(run, x, step =>
        {
            if (step.IsLast)
            {
                return step.Denoised;
            }

            var h = Math.Log(step.Sigma / step.Next);
            var stretched = h * (1 + eta);
            var gain = -ExponentialIntegral.ExpMinusOne(-stretched);
            var next = (step.X * (step.Next / step.Sigma * Math.Exp(-h * eta))) + (step.Denoised * gain);
            if (previous is not null)
            {
                var r = Math.Log(run.Sigmas[step.Index - 1] / step.Sigma) / h;
                var correction = heun ? 1 - (gain / stretched) : gain / 2;
                next += (step.Denoised - previous) * (correction / r);
            }

            previous = step.Memory.Keep(previous, step.Denoised);
            return SdeNoise.Add(next, step, h, eta, noiseScale);
        });
    }
}
