namespace ComfyServe.Autoscaling.Simulation;

/// <summary>The five traces that scaling policies are compared on. Arrivals are a Poisson process whose rate changes.</summary>
public static class LoadTraces
{
    /// <summary>All of them, made from one seed.</summary>
    public static IReadOnlyList<LoadTrace> All(int seed) =>
    [
        // Requests per second as a function of time.
        Make("step", 3600, seed, t => t < 900 ? 0.1 : t < 2700 ? 1.2 : 0.1),
        Make("burst", 3600, seed + 1, t => t % 900 is >= 300 and < 360 ? 2.5 : 0.1),
        Make("diurnal", 7200, seed + 2, t => 0.1 + (0.6 * (1 - Math.Cos(2 * Math.PI * t / 7200)))),
        Make("flash crowd", 3600, seed + 3, t => t < 1200 ? 0.1 : 0.1 + (2.5 * Math.Exp(-(t - 1200) / 400))),
        Make("spot loss", 3600, seed + 4, _ => 0.8, new WorkerLoss(1200, 0.5), new WorkerLoss(2400, 0.75)),
    ];

    private static LoadTrace Make(string name, double duration, int seed, Func<double, double> rate, params WorkerLoss[] losses)
    {
        // Thinning (Lewis and Shedler): draw at a rate above all others, keep a draw with probability rate ÷ ceiling.
        const double Ceiling = 3;
        var random = new Random(seed);
        List<double> arrivals = [];
        for (var t = Next(random, Ceiling); t < duration; t += Next(random, Ceiling))
        {
            if (random.NextDouble() * Ceiling < rate(t))
            {
                arrivals.Add(t);
            }
        }

        return new LoadTrace(name, duration, arrivals, losses);
    }

    private static double Next(Random random, double rate) => -Math.Log(1 - random.NextDouble()) / rate;
}
