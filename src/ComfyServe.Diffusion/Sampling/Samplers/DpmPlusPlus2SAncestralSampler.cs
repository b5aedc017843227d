using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>dpmpp_2s_ancestral</c>: the estimate at the middle (in ln σ) of the step to σ_down, then noise of σ_up.
/// Lu et al. 2022, "DPM-Solver++", algorithm 1.</summary>
/// <param name="eta">Share of noise, 0 to 1.</param>
/// <param name="noiseScale">Factor on the noise.</param>
public sealed class DpmPlusPlus2SAncestralSampler(double eta = 1, double noiseScale = 1) : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x) => StepLoop.Run(run, x, step =>
    {
        var (down, up) = Ancestral.Split(step.Sigma, step.Next, eta);
        if (down == 0)
        {
            return Noised(step.Euler(0), step, up);
        }

        var h = Math.Log(step.Sigma / down);
        var middle = Math.Sqrt(step.Sigma * down);
        var halfway = (step.X * (middle / step.Sigma)) - (step.Denoised * ExponentialIntegral.ExpMinusOne(-h / 2));
        var estimate = step.Denoise(halfway, middle);
        return Noised((step.X * (down / step.Sigma)) - (estimate * ExponentialIntegral.ExpMinusOne(-h)), step, up);
    });

    private Tensor Noised(Tensor next, LoopStep step, double up) =>
        step.IsLast ? next : next + (step.Noise() * (noiseScale * up));
}
