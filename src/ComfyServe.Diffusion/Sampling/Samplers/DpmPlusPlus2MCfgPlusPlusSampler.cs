using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>dpmpp_2m_cfg_pp</c>: x' = D + e^(−h)·(x − U) − (e^(−h) − 1)·(D − U_prev)/(2r): <c>dpmpp_2m</c> with the noise
/// direction from the unconditional estimate (CFG++).</summary>
internal sealed class DpmPlusPlus2MCfgPlusPlusSampler : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x)
    {
        Tensor? previous = null;
        return StepLoop.Run(
            run,
            x,
            step =>
            {
                if (step.IsLast)
                {
                    return step.Denoised;
                }

                var h = Math.Log(step.Sigma / step.Next);
                var next = step.Denoised + ((step.X - step.Unconditional) * Math.Exp(-h));
                if (previous is not null)
                {
                    var r = Math.Log(run.Sigmas[step.Index - 1] / step.Sigma) / h;
                    next -= (step.Denoised - previous) * (ExponentialIntegral.ExpMinusOne(-h) / (2 * r));
                }

                previous = step.Memory.Keep(previous, step.Unconditional);
                return next;
            },
            unconditional: true);
    }
}
