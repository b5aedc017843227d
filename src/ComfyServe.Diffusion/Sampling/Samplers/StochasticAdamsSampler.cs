using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>sa_solver</c>, <c>sa_solver_pece</c>: stochastic Adams predictor and corrector. Xue et al. 2023, "SA-Solver: stochastic
/// Adams solver for fast sampling of diffusion models", algorithm 1.</summary>
/// <param name="reevaluates">True to evaluate again at the corrected point (PECE).</param>
internal sealed class StochasticAdamsSampler(bool reevaluates) : ISampler
{
    private const int PredictorOrder = 3;
    private const int CorrectorOrder = 4;
    private const double NoiseFrom = 0.2;
    private const double NoiseTo = 0.8;

    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x)
    {
        using var memory = new StepMemory();
        var sigmas = run.Sigmas;
        var estimates = new List<Tensor>();
        var (start, end) = (run.Schedule.PercentToSigma(NoiseFrom), run.Schedule.PercentToSigma(NoiseTo));
        var predicted = x;
        Tensor? noise = null;
        var tau = 0.0;
        for (var i = 0; i < run.Steps; i++)
        {
            using var scope = NewDisposeScope();

            // 1. Evaluate at the predicted point.
            var denoised = run.Denoise(predicted, sigmas[i]);
            run.OnStep?.Invoke(new SamplerStep(i, predicted, denoised));
            Remember(memory, estimates, denoised);

            // 2. Correct the last step with what is now known at its end.
            var (predictor, corrector) = Orders(sigmas, i, estimates.Count);
            if (corrector == 0)
            {
                x = memory.Keep(x, predicted);
            }
            else
            {
                var corrected = Integrate(x, sigmas, i - 1, estimates, corrector, tau, i);
                x = memory.Keep(x, noise is null ? corrected : corrected + noise);
                if (reevaluates)
                {
                    denoised = run.Denoise(x, sigmas[i]);
                    estimates[^1] = memory.Keep(estimates[^1], denoised);
                }
            }

            // 3. Predict the next point.
            if (sigmas[i + 1] == 0)
            {
                predicted = memory.Keep(predicted, denoised);
                continue;
            }

            tau = start >= sigmas[i + 1] && sigmas[i + 1] >= end ? 1 : 0;
            var next = Integrate(x, sigmas, i, estimates, predictor, tau, i);
            memory.Free(noise);
            noise = tau > 0 ? memory.Keep(null, Noise(run, i, tau)) : null;
            predicted = memory.Keep(predicted, noise is null ? next : next + noise);
        }

        return StepMemory.Release(predicted);
    }

    private static void Remember(StepMemory memory, List<Tensor> estimates, Tensor denoised)
    {
        estimates.Add(memory.Keep(null, denoised));
        if (estimates.Count > Math.Max(PredictorOrder, CorrectorOrder))
        {
            memory.Free(estimates[0]);
            estimates.RemoveAt(0);
        }
    }

    /// <summary>Orders fall towards the end, where the steps are large in ln σ.</summary>
    private (int Predictor, int Corrector) Orders(IReadOnlyList<float> sigmas, int i, int known)
    {
        var predictor = Math.Min(PredictorOrder, known);
        var isLast = sigmas[i + 1] == 0;
        var corrector = i == 0 || (isLast && !reevaluates) ? 0 : Math.Min(CorrectorOrder, known);
        return sigmas[^1] == 0
            ? (Math.Min(predictor, sigmas.Count - 2 - i), Math.Min(corrector, sigmas.Count - 1 - i))
            : (predictor, corrector);
    }

    /// <summary>Advances x over the interval that starts at <paramref name="from"/> with the newest <paramref name="order"/>
    /// estimates, whose nodes end at <paramref name="newest"/>.</summary>
    private static Tensor Integrate(
        Tensor x, IReadOnlyList<float> sigmas, int from, List<Tensor> estimates, int order, double tau, int newest)
    {
        var (sigma, next) = ((double)sigmas[from], (double)sigmas[from + 1]);
        var h = Math.Log(sigma / next);
        double[] nodes = [.. Enumerable.Range(newest - order + 1, order).Select(k => -Math.Log(sigmas[k]))];
        var coefficients = AdamsCoefficients.Stochastic(nodes, -Math.Log(sigma), -Math.Log(next), tau);
        var result = x * (next / sigma * Math.Exp(-tau * tau * h));
        for (var j = 0; j < order; j++)
        {
            result += estimates[estimates.Count - order + j] * coefficients[j];
        }

        return result;
    }

    private static Tensor Noise(SamplerRun run, int i, double tau)
    {
        var (sigma, next) = ((double)run.Sigmas[i], (double)run.Sigmas[i + 1]);
        var amount = next * Math.Sqrt(-ExponentialIntegral.ExpMinusOne(-2 * tau * tau * Math.Log(sigma / next)));
        return run.Noise.Sample(sigma, next) * amount;
    }
}
