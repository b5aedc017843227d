using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>heunpp2</c>: slopes at σ, σ' and σ'', weighted by their share of the first sigma; fewer near the end.
/// Wang et al. 2023, "Boosting diffusion models with an adaptive momentum sampler", the Heun++ variant.</summary>
internal sealed class HeunThreeSlopesSampler : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x) => StepLoop.Run(run, x, static step =>
    {
        var sigmas = step.Run.Sigmas;
        var width = step.Next - step.Sigma;
        var end = sigmas[^1];
        var predicted = step.Euler(step.Next);
        if (step.Next == end)
        {
            return predicted;
        }

        var second = SlopeAt(step, predicted, step.Next);
        var after = (double)sigmas[step.Index + 2];
        if (after == end)
        {
            var w2 = step.Next / (2 * sigmas[0]);
            return step.X + (((step.Slope * (1 - w2)) + (second * w2)) * width);
        }

        var third = SlopeAt(step, predicted + (second * (after - step.Next)), after);
        var weight2 = step.Next / (3 * sigmas[0]);
        var weight3 = after / (3 * sigmas[0]);
        var slope = (step.Slope * (1 - weight2 - weight3)) + (second * weight2) + (third * weight3);
        return step.X + (slope * width);
    });

    private static Tensor SlopeAt(LoopStep step, Tensor x, double sigma) => (x - step.Denoise(x, sigma)) / sigma;
}
