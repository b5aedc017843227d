namespace ComfyServe.Autoscaling;

/// <summary>What to do now, and the numbers that led to it.</summary>
/// <param name="Actions">The steps; empty if all is well.</param>
/// <param name="Targets">What there should be.</param>
/// <param name="Active">Load units per second of the ready workers.</param>
/// <param name="Coming">Load units per second of those on their way.</param>
/// <param name="All">Load units per second of all workers that are not leaving.</param>
public sealed record ScalePlan(IReadOnlyList<ScaleAction> Actions, ScaleTargets Targets, double Active, double Coming, double All)
{
    /// <summary>The numbers in one line.</summary>
    public string Numbers => FormattableString.Invariant(
        $"hot {Targets.Hot:0.##}, keep {Targets.Keep:0.##}, total {Targets.Total:0.##} load/s, at least {Targets.Workers} workers; active {Active:0.##}, coming {Coming:0.##}, all {All:0.##}; queue {Targets.QueueTime:0.#} s");
}
