using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>lms</c>: Adams–Bashforth on uneven steps: x' = x + Σ c_j·d_(i−j), c_j the integral of a Lagrange basis
/// polynomial over the step. Hairer, Nørsett, Wanner, "Solving ordinary differential equations I", section III.5.</summary>
/// <param name="order">How many slopes to use, at least 1.</param>
public sealed class LinearMultistepSampler(int order = 4) : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x)
    {
        var slopes = new SlopeHistory(order);
        return StepLoop.Run(run, x, step =>
        {
            slopes.Add(step);
            if (step.IsLast)
            {
                return step.Denoised;
            }

            double[] coefficients = [.. Enumerable.Range(0, slopes.Count)
                .Select(j => Coefficient(run.Sigmas, step.Index, j, slopes.Count))];
            return slopes.Advance(step.X, coefficients);
        });
    }

    private static double Coefficient(IReadOnlyList<float> sigmas, int index, int j, int count)
    {
        double[] nodes = [.. Enumerable.Range(0, count).Select(k => (double)sigmas[index - k])];
        return Lagrange.Integrate(nodes, j, sigmas[index], sigmas[index + 1]);
    }
}
