using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>gradient_estimation</c>, <c>gradient_estimation_cfg_pp</c>: Euler's step plus (γ − 1) times the slope's change.
/// Permenter, Yuan 2023, "Interpreting and improving diffusion models from an optimization perspective", algorithm 2.</summary>
/// <param name="cfgPlusPlus">True to take the noise direction from the unconditional estimate.</param>
internal sealed class GradientEstimationSampler(bool cfgPlusPlus) : ISampler
{
    private const double Gamma = 2;

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

                var slope = cfgPlusPlus ? (step.X - step.Unconditional) / step.Sigma : step.Slope;
                var width = step.Next - step.Sigma;
                var next = cfgPlusPlus ? step.Denoised + (slope * step.Next) : step.X + (slope * width);
                if (previous is not null)
                {
                    next += (slope - previous) * ((Gamma - 1) * width);
                }

                previous = step.Memory.Keep(previous, slope);
                return next;
            },
            unconditional: cfgPlusPlus);
    }
}
