namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>Splits a step into a longer one and noise that brings it back up.</summary>
internal static class Ancestral
{
    /// <summary>Where to step to, and how much noise to add there, so that the variance is that of <paramref name="next"/>.</summary>
    /// <param name="sigma">σ.</param>
    /// <param name="next">σ'.</param>
    /// <param name="eta">Share of the noise: 0 none, 1 all.</param>
    public static (double Down, double Up) Split(double sigma, double next, double eta = 1)
    {
        if (eta == 0)
        {
            return (next, 0);
        }

        // In single precision as in ComfyUI: the difference of squares cancels, and samplers branch on its being zero.
        var (from, to) = ((float)sigma, (float)next);
        var up = MathF.Min(to, (float)eta * MathF.Sqrt(to * to * ((from * from) - (to * to)) / (from * from)));
        return (MathF.Sqrt((to * to) - (up * up)), up);
    }
}
