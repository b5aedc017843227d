using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>dpm_2</c>, <c>dpm_2_ancestral</c>: the slope at the geometric middle of the step; Euler's step at the end.</summary>
/// <remarks>Lu et al. 2022, "DPM-Solver", algorithm 1 (DPM-Solver-2), in the form of Karras et al. 2022.</remarks>
/// <param name="eta">Share of noise; 0 for <c>dpm_2</c>.</param>
internal sealed class MidpointSampler(double eta) : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x) => StepLoop.Run(run, x, step =>
    {
        var (down, up) = Ancestral.Split(step.Sigma, step.Next, eta);
        if (down == 0)
        {
            return step.Euler(0);
        }

        var middle = Math.Sqrt(step.Sigma * down);
        var halfway = step.Euler(middle);
        var slope = (halfway - step.Denoise(halfway, middle)) / middle;
        var next = step.X + (slope * (down - step.Sigma));
        return eta > 0 ? next + (step.Noise() * up) : next;
    });
}
