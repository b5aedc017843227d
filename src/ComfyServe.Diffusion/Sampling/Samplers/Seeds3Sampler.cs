using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>seeds_3</c>: stochastic exponential integrator with three evaluations a step. Gonzalez et al. 2023, "SEEDS: exponential
/// SDE solvers for fast high-quality sampling from diffusion models".</summary>
/// <param name="eta">Share of noise.</param>
/// <param name="noiseScale">Factor on the noise.</param>
/// <param name="r1">Where the second evaluation is, as a share of the step in ln σ.</param>
/// <param name="r2">Where the third is.</param>
public sealed class Seeds3Sampler(double eta = 1, double noiseScale = 1, double r1 = 1.0 / 3, double r2 = 2.0 / 3) : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x) => StepLoop.Run(run, x, step =>
    {
        if (step.IsLast)
        {
            return step.Denoised;
        }

        var h = Math.Log(step.Sigma / step.Next);
        var stretched = h * (1 + eta);
        var (sigma1, sigma2) = (step.Sigma * Math.Exp(-r1 * h), step.Sigma * Math.Exp(-r2 * h));
        var noise = new SeedsNoise(run, eta * h, noiseScale);

        // 1. To r1, first order.
        var x2 = (step.X * Decay(step, sigma1, r1 * h)) - (step.Denoised * ExponentialIntegral.ExpMinusOne(-r1 * stretched));
        var estimate2 = step.Denoise(noise.AddTo(x2, step.Sigma, sigma1, r1), sigma1);

        // 2. To r2, second order.
        var a2 = r2 / r1 * Phi2(-r2 * stretched);
        var a1 = ExponentialIntegral.ExpMinusOne(-r2 * stretched) - a2;
        var x3 = (step.X * Decay(step, sigma2, r2 * h)) - (step.Denoised * a1) - (estimate2 * a2);
        var estimate3 = step.Denoise(noise.AddTo(x3, sigma1, sigma2, r2), sigma2);

        // 3. The whole step, third order.
        var b3 = Phi2(-stretched) / r2;
        var b1 = ExponentialIntegral.ExpMinusOne(-stretched) - b3;
        var next = (step.X * Decay(step, step.Next, h)) - (step.Denoised * b1) - (estimate3 * b3);
        return noise.AddTo(next, sigma2, step.Next, 1);
    });

    private double Decay(LoopStep step, double sigma, double width) => sigma / step.Sigma * Math.Exp(-width * eta);

    // (e^z − 1 − z) ÷ z: the paper's φ₂ times z.
    private static double Phi2(double z) => ExponentialIntegral.Phi1(z) - 1;
}
