using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>ipndm_v</c>: as <c>ipndm</c> with coefficients for the steps as they are, up to order four. Zhang, Chen 2022, "Fast
/// sampling of diffusion models", in the form of Zhou et al. 2024, "Fast ODE-based sampling".</summary>
/// <remarks>The published third-order term differs from Adams–Bashforth's (<see cref="LinearMultistepSampler"/>) on uneven
/// steps; what ComfyUI computes is reproduced.</remarks>
internal sealed class PseudoNumericalVariableSampler : ISampler
{
    private const int MaxOrder = 4;

    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x)
    {
        var slopes = new SlopeHistory(MaxOrder);
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

                double[] widths = [.. Enumerable.Range(0, slopes.Count)
                    .Select(k => (double)run.Sigmas[step.Index - k + 1] - run.Sigmas[step.Index - k])];
                return slopes.Advance(step.X, [.. Coefficients(widths).Select(c => c * widths[0])]);
            },
            reportsStart: true);
    }

    /// <summary>The coefficients for the given step widths, newest first.</summary>
    private static double[] Coefficients(double[] h)
    {
        if (h.Length == 1)
        {
            return [1];
        }

        var r1 = h[0] / h[1];
        double[] c = [(2 + r1) / 2, -r1 / 2, 0, 0];
        if (h.Length == 2)
        {
            return c[..2];
        }

        var r2 = h[1] / h[2];
        var second = h[0] + h[1];
        var ratio = h[0] * second / (h[1] * (h[1] + h[2]));
        var third = (1 - (h[0] / (3 * second) * ratio)) / 2;
        c[0] += third;
        c[1] -= (1 + r2) * third;
        c[2] += third * r2;
        if (h.Length == 3)
        {
            return c[..3];
        }

        var whole = second + h[2];
        var fourth = (((1 - (h[0] / (3 * second))) / 2) + ((1 - (h[0] / (2 * second))) * h[0] / (6 * whole)))
            * (h[0] * second * whole / (h[1] * (h[1] + h[2]) * (h[1] + h[2] + h[3])));
        var r3 = h[1] * (h[1] + h[2]) / (h[2] * (h[2] + h[3]));
        c[0] += fourth;
        c[1] -= (1 + r2 + r3) * fourth;
        c[2] += (r2 + (r3 * (1 + (h[2] / h[3])))) * fourth;
        c[3] -= fourth * r3 * r2;
        return c;
    }
}
