using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>dpmpp_2m</c>: x' = (σ'/σ)·x − (e^(−h) − 1)·D̃, D̃ extrapolated from the last two estimates.
/// Lu et al. 2022, "DPM-Solver++", algorithm 2.</summary>
internal sealed class DpmPlusPlus2MSampler : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x)
    {
        Tensor? previous = null;
        return StepLoop.Run(run, x, step =>
        {
            var estimate = step.Denoised;
            if (step.IsLast)
            {
                return estimate;
            }

            var h = Math.Log(step.Sigma / step.Next);
            if (previous is not null)
            {
                var r = Math.Log(run.Sigmas[step.Index - 1] / step.Sigma) / h;
                estimate = (estimate * (1 + (1 / (2 * r)))) - (previous * (1 / (2 * r)));
            }

            previous = step.Memory.Keep(previous, step.Denoised);
            return (step.X * (step.Next / step.Sigma)) - (estimate * ExponentialIntegral.ExpMinusOne(-h));
        });
    }
}
