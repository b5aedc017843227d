using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>seeds_2</c>: stochastic exponential integrator with two evaluations a step. Gonzalez et al. 2023, "SEEDS: exponential
/// SDE solvers for fast high-quality sampling from diffusion models".</summary>
/// <param name="eta">Share of noise.</param>
/// <param name="noiseScale">Factor on the noise.</param>
/// <param name="r">Where the second evaluation is, as a share of the step in ln σ.</param>
public sealed class Seeds2Sampler(double eta = 1, double noiseScale = 1, double r = 0.5) : ISampler
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
        var middle = step.Sigma * Math.Exp(-r * h);
        var noise = new SeedsNoise(run, eta * h, noiseScale);

        var halfway = (step.X * (middle / step.Sigma * Math.Exp(-r * h * eta)))
            - (step.Denoised * ExponentialIntegral.ExpMinusOne(-r * stretched));
        var estimate = step.Denoise(noise.AddTo(halfway, step.Sigma, middle, r), middle);

        var mixed = step.Denoised + ((estimate - step.Denoised) / (2 * r));
        var next = (step.X * (step.Next / step.Sigma * Math.Exp(-h * eta)))
            - (mixed * ExponentialIntegral.ExpMinusOne(-stretched));
        return noise.AddTo(next, middle, step.Next, 1);
    });
}
