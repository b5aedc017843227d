namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary>Noise levels that were optimised for ten steps of a model, between them linear in ln σ. Sabour et al. 2024, "Align
/// your steps: optimizing sampling schedules in diffusion models" (arXiv:2404.14507), and the levels published with it.</summary>
public static class AlignYourStepsScheduler
{
    private static readonly Dictionary<string, double[]> Levels = new(StringComparer.Ordinal)
    {
        ["SD1"] = [14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092, 0.9642583904, 0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582],
        ["SDXL"] = [14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289, 0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582],
        ["SVD"] = [700.00, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002],
    };

    /// <summary>The last sigmas of a run of that many steps, the final one 0; none where <paramref name="denoise"/> is not above 0.</summary>
    /// <param name="model"><c>SD1</c>, <c>SDXL</c> or <c>SVD</c>.</param>
    /// <param name="steps">How many steps, at least 1.</param>
    /// <param name="denoise">How much of the start is replaced, 0 to 1.</param>
    /// <exception cref="ArgumentException">There are no levels for that model.</exception>
    public static float[] Sigmas(string model, int steps, double denoise)
    {
        if (!Levels.TryGetValue(model, out var levels))
        {
            throw new ArgumentException($"there are no levels for '{model}'; known are {string.Join(", ", Levels.Keys)}", nameof(model));
        }

        if (denoise <= 0)
        {
            return [];
        }

        var count = denoise < 1 ? (int)Math.Round(steps * denoise, MidpointRounding.ToEven) : steps;
        var all = steps + 1 == levels.Length ? levels : [.. Enumerable.Range(0, steps + 1).Select(i => Between(levels, (double)i / steps))];
        float[] sigmas = [.. all[^Math.Min(count + 1, all.Length)..].Select(static sigma => (float)sigma)];
        sigmas[^1] = 0;
        return sigmas;
    }

    /// <summary>The level at a share of the way, 0 to 1.</summary>
    private static double Between(double[] levels, double share)
    {
        var place = share * (levels.Length - 1);
        var low = Math.Min((int)place, levels.Length - 2);
        var w = place - low;
        return Math.Exp(((1 - w) * Math.Log(levels[low])) + (w * Math.Log(levels[low + 1])));
    }
}
