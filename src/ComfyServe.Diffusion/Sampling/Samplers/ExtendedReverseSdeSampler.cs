using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>er_sde</c>: extended reverse-time SDE solver of up to third order. Cui et al. 2023, "Elucidating the solution space of
/// extended reverse-time SDE for diffusion models", algorithm 3.</summary>
/// <remarks>With f(σ) the noise scaler and r = f(σ')/f(σ): x' = r·x + (1 − r)·D + terms in the differences of D, whose
/// integrals of 1/f are sums over 200 points, + ξ·√(σ'² − σ²r²).</remarks>
/// <param name="scaler">f; null for the paper's σ·(e^(σ^0.3) + 10).</param>
/// <param name="noiseScale">Factor on the noise.</param>
/// <param name="maxStage">Highest order, 1 to 3.</param>
public sealed class ExtendedReverseSdeSampler(Func<double, double>? scaler = null, double noiseScale = 1, int maxStage = 3)
    : ISampler
{
    private const int Points = 200;
    private readonly Func<double, double> _scaler = scaler ?? (sigma => sigma * (Math.Exp(Math.Pow(sigma, 0.3)) + 10));

    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x)
    {
        Tensor? previous = null;
        Tensor? previousChange = null;
        return StepLoop.Run(run, x, step =>
        {
            if (step.IsLast)
            {
                return step.Denoised;
            }

            // 1. First order.
            var stage = Math.Min(maxStage, step.Index + 1);
            var scale = _scaler(step.Next);
            var r = scale / _scaler(step.Sigma);
            var width = step.Next - step.Sigma;
            var next = (step.X * r) + (step.Denoised * (1 - r));
            if (stage >= 2 && previous is not null)
            {
                // 2. Second order: the change of D with σ.
                var (plain, weighted) = Integrals(step.Sigma, step.Next);
                var change = (step.Denoised - previous) / (step.Sigma - run.Sigmas[step.Index - 1]);
                next += change * (width + (plain * scale));
                if (stage >= 3 && previousChange is not null)
                {
                    // 3. Third order: the change of that.
                    var second = (change - previousChange) / ((step.Sigma - run.Sigmas[step.Index - 2]) / 2);
                    next += second * ((width * width / 2) + (weighted * scale));
                }

                previousChange = step.Memory.Keep(previousChange, change);
            }

            previous = step.Memory.Keep(previous, step.Denoised);
            var variance = (step.Next * step.Next) - (step.Sigma * step.Sigma * r * r);
            return noiseScale > 0 ? next + (step.Noise() * (noiseScale * Math.Sqrt(Math.Max(variance, 0)))) : next;
        });
    }

    /// <summary>∫ 1/f and ∫ (p − σ)/f from σ' up to σ.</summary>
    private (double Plain, double Weighted) Integrals(double sigma, double next)
    {
        var width = (sigma - next) / Points;
        var (plain, weighted) = (0.0, 0.0);
        for (var k = 0; k < Points; k++)
        {
            var position = next + (k * width);
            var value = 1 / _scaler(position);
            plain += value;
            weighted += (position - sigma) * value;
        }

        return (plain * width, weighted * width);
    }
}
