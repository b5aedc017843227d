using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary>A polynomial in ln σ: ln σ = r^ρ·(ln σ_max − ln σ_min) + ln σ_min, with r from 1 to 0. With ρ = 1 as
/// <see cref="ExponentialScheduler"/>.</summary>
public static class PolyexponentialScheduler
{
    /// <summary>The sigmas between two given ones, then 0.</summary>
    public static float[] Sigmas(int steps, double sigmaMin, double sigmaMax, double rho)
    {
        using var scope = NewDisposeScope();
        var (min, max) = (Math.Log(sigmaMin), Math.Log(sigmaMax));
        var ramp = linspace(1, 0, steps, dtype: float32).pow(rho);
        return [.. ((ramp * (max - min)) + min).exp().data<float>(), 0];
    }
}
