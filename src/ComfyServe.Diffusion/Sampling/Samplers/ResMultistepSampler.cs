using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>res_multistep</c> and its <c>_ancestral</c> and <c>_cfg_pp</c> forms: two-step exponential integrator.
/// Zhang et al. 2023, "Improved order analysis and design of exponential integrator for diffusion models sampling".</summary>
/// <param name="eta">Share of noise; 0 without <c>_ancestral</c>.</param>
/// <param name="cfgPlusPlus">True to take the noise direction from the unconditional estimate.</param>
internal sealed class ResMultistepSampler(double eta, bool cfgPlusPlus) : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x)
    {
        Tensor? previous = null;
        var previousDown = 0.0;
        return StepLoop.Run(
            run,
            x,
            step =>
            {
                var (down, up) = Ancestral.Split(step.Sigma, step.Next, eta);
                var basis = cfgPlusPlus ? step.Unconditional : step.Denoised;
                var next = down == 0 || previous is null
                    ? First(step, basis, down)
                    : Second(step, basis, previous, down, run.Sigmas[step.Index - 1], previousDown);
                previous = step.Memory.Keep(previous, basis);
                previousDown = down;
                return step.IsLast || eta == 0 ? next : next + (step.Noise() * up);
            },
            unconditional: cfgPlusPlus);
    }

    private Tensor First(LoopStep step, Tensor basis, double down) => cfgPlusPlus
        ? step.Denoised + ((step.X - basis) * (down / step.Sigma))
        : step.Euler(down);

    private Tensor Second(LoopStep step, Tensor basis, Tensor previous, double down, double sigmaBefore, double downBefore)
    {
        var h = Math.Log(step.Sigma / down);
        var c2 = Math.Log(downBefore / sigmaBefore) / h;
        var (phi1, phi2) = (ExponentialIntegral.Phi1(-h), ExponentialIntegral.Phi2(-h));
        var (b1, b2) = (Finite(phi1 - (phi2 / c2)), Finite(phi2 / c2));
        var shifted = cfgPlusPlus ? step.X + (step.Denoised - basis) : step.X;
        return (shifted * Math.Exp(-h)) + (((basis * b1) + (previous * b2)) * h);
    }

    private static double Finite(double value) => double.IsNaN(value) ? 0 : value;
}
