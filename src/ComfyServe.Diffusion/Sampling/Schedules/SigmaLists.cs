namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary>What workflows do to lists of sigmas between a scheduler and a sampler.</summary>
public static class SigmaLists
{
    // What FlipSigmas puts in place of a leading 0: samplers divide by the first sigma.
    private const float NearZero = 0.0001f;

    /// <summary>The sigmas up to a step and those from it on; both have the sigma of the step.</summary>
    public static (float[] High, float[] Low) Split(IReadOnlyList<float> sigmas, int step) =>
        ([.. sigmas.Take(step + 1)], [.. sigmas.Skip(step)]);

    /// <summary>Splits so that the second part has the given share of the steps. With a share of 0 the first part is empty, as in
    /// ComfyUI.</summary>
    public static (float[] High, float[] Low) SplitByShare(IReadOnlyList<float> sigmas, double share)
    {
        ArgumentNullException.ThrowIfNull(sigmas);
        var steps = (int)Math.Round(Math.Max(sigmas.Count - 1, 0) * share, MidpointRounding.ToEven);
        return ([.. sigmas.Take(steps == 0 ? 0 : sigmas.Count - steps)], [.. sigmas.TakeLast(steps + 1)]);
    }

    /// <summary>Backwards, for a run from an image to its noise.</summary>
    public static float[] Flip(IReadOnlyList<float> sigmas)
    {
        float[] flipped = [.. sigmas.Reverse()];
        if (flipped is [0, ..])
        {
            flipped[0] = NearZero;
        }

        return flipped;
    }

    /// <summary>With another first sigma.</summary>
    public static float[] WithFirst(IReadOnlyList<float> sigmas, double first) => [.. sigmas.Select((sigma, i) => i == 0 ? (float)first : sigma)];

    /// <summary>Puts sigmas between those that lie in a range, so that each of their steps becomes <paramref name="parts"/> steps.</summary>
    /// <param name="sigmas">The sigmas.</param>
    /// <param name="parts">Into how many a step is divided, at least 1.</param>
    /// <param name="from">The largest sigma whose step is divided; below 0: any.</param>
    /// <param name="to">The least.</param>
    /// <param name="spacing">Where the new ones lie: a function from 0…1 to 0…1.</param>
    public static float[] Extend(IReadOnlyList<float> sigmas, int parts, double from, double to, Func<double, double> spacing)
    {
        ArgumentNullException.ThrowIfNull(sigmas);
        ArgumentNullException.ThrowIfNull(spacing);
        var extended = new List<float>();
        for (var i = 0; i < sigmas.Count; i++)
        {
            var sigma = sigmas[i];
            extended.Add(sigma);
            if (i + 1 < sigmas.Count && sigma >= to && (from < 0 || sigma <= from))
            {
                extended.AddRange(Enumerable.Range(1, parts - 1)
                    .Select(part => (float)(sigma + (spacing((double)part / parts) * (sigmas[i + 1] - sigma)))));
            }
        }

        return [.. extended];
    }
}
