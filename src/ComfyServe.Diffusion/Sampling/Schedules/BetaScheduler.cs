namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary><c>beta</c>: timesteps at the quantiles of a beta distribution, denser at both ends; neighbours that fall on
/// the same timestep count once. Lee et al. 2024, "Beta sampling is all you need".</summary>
/// <param name="alpha">First shape parameter, above 0.</param>
/// <param name="beta">Second shape parameter, above 0.</param>
public sealed class BetaScheduler(double alpha = 0.6, double beta = 0.6) : IScheduler
{
    /// <inheritdoc/>
    public float[] Sigmas(DiscreteSchedule schedule, int steps)
    {
        var table = schedule.Sigmas;
        var sigmas = new List<float>(steps + 1);
        var last = -1;
        for (var i = 0; i < steps; i++)
        {
            var quantile = BetaDistribution.Quantile(1 - ((double)i / steps), alpha, beta);
            var timestep = (int)Math.Round(quantile * (table.Count - 1), MidpointRounding.ToEven);
            if (timestep != last)
            {
                sigmas.Add(table[timestep]);
            }

            last = timestep;
        }

        return [.. sigmas, 0];
    }
}
