using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>ipndm</c>: Adams–Bashforth coefficients of even steps, whatever the steps are. Liu et al. 2022, "Pseudo numerical
/// methods for diffusion models on manifolds"; Zhang, Chen 2022, "Fast sampling of diffusion models", section 4.</summary>
internal sealed class PseudoNumericalSampler : ISampler
{
    private static readonly double[][] Coefficients =
    [
        [1],
        [3.0 / 2, -1.0 / 2],
        [23.0 / 12, -16.0 / 12, 5.0 / 12],
        [55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24],
    ];

    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x)
    {
        var slopes = new SlopeHistory(Coefficients.Length);
        return StepLoop.Run(
            run,
            x,
            step =>
            {
                slopes.Add(step);
                if (step.IsLast)
                {
                    return step.Denoised;
                }

                var width = step.Next - step.Sigma;
                return slopes.Advance(step.X, [.. Coefficients[slopes.Count - 1].Select(c => c * width)]);
            },
            reportsStart: true);
    }
}
