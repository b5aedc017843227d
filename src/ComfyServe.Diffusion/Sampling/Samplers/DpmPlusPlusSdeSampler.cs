using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>dpmpp_sde</c>: DPM-Solver++(2S) on the SDE, noise from one Brownian path. Lu et al. 2022, "DPM-Solver++",
/// section 4.3; the stochastic form is Crowson's.</summary>
/// <param name="eta">Share of noise.</param>
/// <param name="noiseScale">Factor on the noise.</param>
/// <param name="r">Where between σ and σ' (in ln σ) the second estimate is taken.</param>
public sealed class DpmPlusPlusSdeSampler(double eta = 1, double noiseScale = 1, double r = 0.5) : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x) => StepLoop.Run(run, x, step =>
    {
        if (step.IsLast)
        {
            return step.Denoised;
        }

        // Single precision: the Brownian path is looked up at this sigma, and its sixth digit matters.
        var (lambda, lambdaNext) = (-MathF.Log((float)step.Sigma), -MathF.Log((float)step.Next));
        var middle = (double)MathF.Exp(-(lambda + ((float)r * (lambdaNext - lambda))));
        var halfway = Advance(step, middle, step.Denoised);
        var estimate = step.Denoise(halfway, middle);
        var share = 1 / (2 * r);
        return Advance(step, step.Next, (step.Denoised * (1 - share)) + (estimate * share));
    });

    private Tensor Advance(LoopStep step, double target, Tensor estimate)
    {
        var (down, up) = Ancestral.Split(step.Sigma, target, eta);
        var next = (step.X * (down / step.Sigma)) + (estimate * (1 - (down / step.Sigma)));
        return eta > 0 && noiseScale > 0
            ? next + (step.Run.Noise.Sample(step.Sigma, target) * (noiseScale * up))
            : next;
    }
}
