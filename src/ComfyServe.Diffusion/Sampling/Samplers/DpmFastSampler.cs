using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>dpm_fast</c>: as many evaluations as there are steps, spent on DPM-Solver steps of order three (the last ones lower)
/// evenly spaced in ln σ between the first and the last positive sigma. Lu et al. 2022, "DPM-Solver", section 3.4.</summary>
internal sealed class DpmFastSampler : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x)
    {
        using var memory = new StepMemory();
        if (run.Steps == 0)
        {
            return StepMemory.Release(x);
        }

        var (start, end) = (DpmSolver.Time(run.Sigmas[0]), DpmSolver.Time(LastPositive(run.Sigmas)));
        var orders = Orders(run.Steps);
        for (var i = 0; i < orders.Count; i++)
        {
            using var scope = NewDisposeScope();
            var intervals = (run.Steps / 3) + 1;
            var (t, next) = (At(i), At(i + 1));
            var noise = DpmSolver.Noise(run, x, t);
            run.OnStep?.Invoke(new SamplerStep(i, x, x - (noise * DpmSolver.Sigma(t))));
            x = memory.Keep(x, orders[i] switch
            {
                1 => DpmSolver.First(x, noise, t, next),
                2 => DpmSolver.Second(run, x, noise, t, next).Next,
                _ => DpmSolver.Third(run, x, noise, t, next),
            });

            double At(int index) => start + ((end - start) * index / intervals);
        }

        return StepMemory.Release(x);
    }

    /// <summary>The last sigma, or the one before where that is 0.</summary>
    internal static float LastPositive(IReadOnlyList<float> sigmas) => sigmas[^1] == 0 ? sigmas[^2] : sigmas[^1];

    private static List<int> Orders(int evaluations)
    {
        var intervals = (evaluations / 3) + 1;
        return evaluations % 3 == 0
            ? [.. Enumerable.Repeat(3, intervals - 2), 2, 1]
            : [.. Enumerable.Repeat(3, intervals - 1), evaluations % 3];
    }
}
