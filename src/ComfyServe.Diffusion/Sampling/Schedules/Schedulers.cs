namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary>The schedulers by the names that workflows use.</summary>
public static class Schedulers
{
    private static readonly Dictionary<string, IScheduler> ByName = new(StringComparer.Ordinal)
    {
        ["simple"] = new SimpleScheduler(),
        ["sgm_uniform"] = new NormalScheduler(leaveLastOut: true),
        ["karras"] = new KarrasScheduler(),
        ["exponential"] = new ExponentialScheduler(),
        ["ddim_uniform"] = new DdimUniformScheduler(),
        ["beta"] = new BetaScheduler(),
        ["normal"] = new NormalScheduler(leaveLastOut: false),
        ["linear_quadratic"] = new LinearQuadraticScheduler(),
        ["kl_optimal"] = new KlOptimalScheduler(),
    };

    /// <summary>All names, in the order in which ComfyUI lists them.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. ByName.Keys];

    /// <summary>The scheduler of that name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static IScheduler Get(string name) => ByName.TryGetValue(name, out var scheduler)
        ? scheduler
        : throw new ArgumentException($"there is no scheduler '{name}'; known are {string.Join(", ", Names)}", nameof(name));
}
