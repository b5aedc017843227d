using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary>The continuous variance preserving process: σ = √(e^(β_d·t²/2 + β_min·t) − 1) for t from 1 to ε. Song et al. 2021,
/// "Score-based generative modeling through stochastic differential equations", appendix C; Karras et al. 2022, table 1.</summary>
public static class VariancePreservingScheduler
{
    /// <summary>The sigmas, then 0.</summary>
    /// <param name="steps">How many steps, at least 1.</param>
    /// <param name="betaSlope">β_d.</param>
    /// <param name="betaMin">β_min.</param>
    /// <param name="timeEnd">ε, the last time.</param>
    public static float[] Sigmas(int steps, double betaSlope, double betaMin, double timeEnd)
    {
        using var scope = NewDisposeScope();
        var t = linspace(1, timeEnd, steps, dtype: float32);
        return [.. ((betaSlope * t.pow(2) / 2) + (betaMin * t)).expm1().sqrt().data<float>(), 0];
    }
}
