using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>deis</c>: exponential integrator with slopes extrapolated by polynomials in the time of the variance preserving
/// process. Zhang, Chen 2022, "Fast sampling of diffusion models with exponential integrator" (tAB-DEIS), order three.</summary>
internal sealed class DeisSampler : ISampler
{
    private const int MaxOrder = 3;
    private const int Points = 10000;
    private static readonly double Slope = 2 * ((Math.Log((0.002 * 0.002) + 1) / 1e-3) - Math.Log((80.0 * 80) + 1)) / (1e-3 - 1);
    private static readonly double Start = Math.Log((80.0 * 80) + 1) - (Slope / 2);

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
                return step.IsLast || slopes.Count == 1
                    ? step.Euler(step.Next)
                    : slopes.Advance(step.X, Coefficients(run.Sigmas, step.Index, slopes.Count));
            },
            reportsStart: true);
    }

    /// <summary>Integrals of the basis polynomials against −½·(d ln α/du) ÷ √(α(1−α)) from u to u', as sums.</summary>
    private static double[] Coefficients(IReadOnlyList<float> sigmas, int index, int count)
    {
        double[] nodes = [.. Enumerable.Range(0, count).Select(k => Time(sigmas[index - k]))];
        var (from, to) = (nodes[0], Time(sigmas[index + 1]));
        var sums = new double[count];
        for (var i = 0; i < Points; i++)
        {
            var u = from + ((to - from) * i / (Points - 1));
            var alpha = Math.Exp((-0.5 * u * u * Slope) - (u * Start));
            var weight = 0.5 * ((u * Slope) + Start) / Math.Sqrt(alpha * (1 - alpha));
            for (var j = 0; j < count; j++)
            {
                sums[j] += weight * Lagrange.Basis(nodes, j, u);
            }
        }

        return [.. sums.Select(sum => sum * (to - from) / Points)];
    }

    private static double Time(double sigma) =>
        (Math.Sqrt((Start * Start) + (2 * Slope * Math.Log((sigma * sigma) + 1))) - Start) / Slope;
}
