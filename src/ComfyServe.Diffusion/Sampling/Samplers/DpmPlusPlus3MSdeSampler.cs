using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>dpmpp_3m_sde</c>: three-step DPM-Solver++ on the SDE, with divided differences of the last estimates.
/// Lu et al. 2022, "DPM-Solver++", appendix B; the stochastic form is Crowson's.</summary>
/// <param name="eta">Share of noise.</param>
/// <param name="noiseScale">Factor on the noise.</param>
public sealed class DpmPlusPlus3MSdeSampler(double eta = 1, double noiseScale = 1) : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x)
    {
        Tensor? previous = null;
        Tensor? older = null;
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
            var phi2 = 1 - (gain / stretched);
            if (previous is not null)
            {
                var r0 = Width(run, step.Index - 1) / h;
                var first = (step.Denoised - previous) / r0;
                if (older is null)
                {
                    next += first * phi2;
                }
                else
                {
                    var r1 = Width(run, step.Index - 2) / h;
                    var change = (first - ((previous - older) / r1)) / (r0 + r1);
                    var phi3 = (phi2 / stretched) - 0.5;
                    next = next + ((first + (change * r0)) * phi2) - (change * phi3);
                }
            }

            older = previous is null ? null : step.Memory.Keep(older, previous);
            previous = step.Memory.Keep(previous, step.Denoised);
            return SdeNoise.Add(next, step, h, eta, noiseScale);
        });
    }

    private static double Width(SamplerRun run, int index) => Math.Log((double)run.Sigmas[index] / run.Sigmas[index + 1]);
}
