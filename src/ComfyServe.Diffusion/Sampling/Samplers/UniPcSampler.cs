using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>uni_pc</c>, <c>uni_pc_bh2</c>: unified predictor and corrector, up to order three. Zhao et al. 2023, "UniPC: a unified
/// predictor-corrector framework for fast sampling of diffusion models", algorithms 5 to 8.</summary>
/// <remarks>Works on y = x ÷ √(1 + σ²), the variance preserving process. The estimate at a predicted point serves the
/// corrector and the next step, so each step costs one evaluation. The final sigma 0 is taken as 0.001.</remarks>
/// <param name="exponential">B(h): e^h − 1 (<c>bh2</c>) or h.</param>
internal sealed class UniPcSampler(bool exponential) : ISampler
{
    private const int MaxOrder = 3;
    private const float LastSigma = 0.001f;

    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x)
    {
        using var memory = new StepMemory();
        UniPcTime[] times = [.. run.Sigmas.Select(sigma => new UniPcTime(sigma))];
        if (times.Length > 0 && times[^1].Sigma == 0)
        {
            times[^1] = new UniPcTime(LastSigma);
        }

        var order = Math.Min(MaxOrder, run.Steps - 1);
        var known = new UniPcHistory(memory);
        var y = x;
        for (var i = 0; i < run.Steps; i++)
        {
            using var scope = NewDisposeScope();
            if (i == 0)
            {
                y = memory.Keep(null, x / Math.Sqrt(1 + (times[0].Sigma * times[0].Sigma)));
                known.Add(times[0], Estimate(run, y, times[0]), order);
            }
            else
            {
                var stepOrder = i < order ? i : Math.Min(order, run.Steps + 1 - i);
                y = memory.Keep(y, Update(run, y, known, times[i], stepOrder, order, corrects: true));
            }

            // The last interval is only predicted: nothing is evaluated at its end.
            if (i == run.Steps - 1 && i > 0)
            {
                y = memory.Keep(y, Update(run, y, known, times[^1], Math.Min(order, 1), order, corrects: false));
            }

            run.OnStep?.Invoke(new SamplerStep(i, y, known.Estimate(0)));
        }

        return run.Steps == 0 ? StepMemory.Release(y) : y / times[^1].Alpha;
    }

    private Tensor Update(SamplerRun run, Tensor y, UniPcHistory known, UniPcTime time, int stepOrder, int capacity, bool corrects)
    {
        var newest = known.Estimate(0);
        var h = time.Lambda - known.Time(0).Lambda;
        var system = new UniPcSystem(known, stepOrder, h, exponential);
        var basis = (y * (time.Deviation / known.Time(0).Deviation)) - (newest * (time.Alpha * ExponentialIntegral.ExpMinusOne(-h)));
        var differences = Enumerable.Range(1, stepOrder - 1)
            .Select(k => (known.Estimate(k) - newest) / system.Ratios[k - 1]).ToArray();

        var predicted = basis - (Combine(y, differences, system.Predictor()) * (time.Alpha * system.Width));
        if (!corrects)
        {
            return predicted;
        }

        var estimate = Estimate(run, predicted, time);
        var weights = system.Corrector();
        var correction = Combine(y, differences, weights.AsSpan(..^1)) + ((estimate - newest) * weights[^1]);
        known.Add(time, estimate, capacity);
        return basis - (correction * (time.Alpha * system.Width));
    }

    private static Tensor Combine(Tensor like, Tensor[] differences, ReadOnlySpan<double> weights)
    {
        var sum = zeros_like(like);
        for (var k = 0; k < differences.Length; k++)
        {
            sum += differences[k] * weights[k];
        }

        return sum;
    }

    private static Tensor Estimate(SamplerRun run, Tensor y, UniPcTime time)
    {
        var x = y * Math.Sqrt(1 + (time.Sigma * time.Sigma));
        var noise = (x - run.Denoise(x, time.Sigma)) / time.Sigma;
        return (y - (noise * time.Deviation)) / time.Alpha;
    }
}
