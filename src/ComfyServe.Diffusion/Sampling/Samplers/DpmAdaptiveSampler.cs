using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>dpm_adaptive</c>: DPM-Solver of order two and three with step sizes chosen from their difference; the number of steps
/// asked for does not matter. Lu et al. 2022, "DPM-Solver", appendix C (DPM-Solver-12 and -23).</summary>
/// <param name="options">Tolerances and the step controller's coefficients.</param>
public sealed class DpmAdaptiveSampler(DpmAdaptiveOptions options) : ISampler
{
    private const double Reached = 1e-5;

    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x)
    {
        using var memory = new StepMemory();
        if (run.Steps == 0)
        {
            return StepMemory.Release(x);
        }

        var (s, end) = (DpmSolver.Time(run.Sigmas[0]), DpmSolver.Time(DpmFastSampler.LastPositive(run.Sigmas)));
        var control = new StepSizeControl(options);
        var previous = memory.Keep(null, x.alias());
        for (var i = 0; s < end - Reached; i++)
        {
            using var scope = NewDisposeScope();
            var t = Math.Min(end, s + control.StepSize);
            var (target, up) = Target(s, t, end);
            var noise = DpmSolver.Noise(run, x, s);
            var denoised = x - (noise * DpmSolver.Sigma(s));
            var (low, high) = Step(run, x, noise, s, target);
            if (control.Accepts(Error(low, high, previous)))
            {
                previous = memory.Keep(previous, low);
                var noised = up > 0
                    ? high + (run.Noise.Sample(DpmSolver.Sigma(s), DpmSolver.Sigma(t)) * (up * options.NoiseScale))
                    : high;
                x = memory.Keep(x, noised);
                s = t;
            }

            run.OnStep?.Invoke(new SamplerStep(i, x, denoised));
        }

        return StepMemory.Release(x);
    }

    private (double Target, double Up) Target(double s, double t, double end)
    {
        if (options.Eta == 0)
        {
            return (t, 0);
        }

        var down = Ancestral.Split(DpmSolver.Sigma(s), DpmSolver.Sigma(t), options.Eta).Down;
        var target = down > 0 ? Math.Min(end, DpmSolver.Time(down)) : end;
        var variance = Math.Pow(DpmSolver.Sigma(t), 2) - Math.Pow(DpmSolver.Sigma(target), 2);
        return (target, Math.Sqrt(Math.Max(variance, 0)));
    }

    private (Tensor Low, Tensor High) Step(SamplerRun run, Tensor x, Tensor noise, double s, double t)
    {
        if (options.Order == 2)
        {
            return (DpmSolver.First(x, noise, s, t), DpmSolver.Second(run, x, noise, s, t).Next);
        }

        var (low, oneThird) = DpmSolver.Second(run, x, noise, s, t, 1.0 / 3);
        return (low, DpmSolver.Third(run, x, noise, s, t, oneThird));
    }

    /// <summary>The root mean square of the difference, in units of what is tolerated.</summary>
    private double Error(Tensor low, Tensor high, Tensor previous)
    {
        var relative = maximum(low.abs(), previous.abs()) * options.RelativeTolerance;
        var tolerated = relative.clamp_min(options.AbsoluteTolerance);
        return ((low - high) / tolerated).norm().item<float>() / Math.Sqrt(low.numel());
    }
}
