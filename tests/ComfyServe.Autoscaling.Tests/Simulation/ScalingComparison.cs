using System.Globalization;
using System.Text;
using ComfyServe.Autoscaling.Simulation;
using ComfyServe.Autoscaling.Simulation.Policies;

namespace ComfyServe.Autoscaling.Tests.Simulation;

/// <summary>All policies on all traces.</summary>
internal static class ScalingComparison
{
    public const int Seed = 20261126;

    public static SimulatedFleet Fleet { get; } = new();

    public static ScalingParameters Parameters { get; } = new() { MinLoad = 1, TargetUtil = 0.9, ColdMult = 3, ColdWorkers = 13, MaxWorkers = 40, TargetQueueTime = 10 };

    public static IReadOnlyList<SimulationResult> Run(int seed) =>
        [.. LoadTraces.All(seed).SelectMany(trace => Policies().Select(policy => FleetSimulation.Run(trace, policy, Fleet, seed)))];

    /// <summary>Whether one did at least as well in both and better in one: 95th percentile of the queue time, and cost.</summary>
    public static bool Dominates(SimulationResult a, SimulationResult b) =>
        a.Unserved <= b.Unserved && a.QueueP95 <= b.QueueP95 && a.Cost <= b.Cost && (a.QueueP95 < b.QueueP95 || a.Cost < b.Cost);

    public static string Table(IReadOnlyList<SimulationResult> results)
    {
        var text = new StringBuilder("| trace | policy | queue p50 (s) | queue p95 (s) | worker-seconds ÷ clairvoyant | flaps | on the front |\n| --- | --- | --- | --- | --- | --- | --- |\n");
        foreach (var r in results)
        {
            var front = results.Any(o => o.Trace == r.Trace && Dominates(o, r)) ? "" : "yes";
            text.Append(CultureInfo.InvariantCulture, $"| {r.Trace} | {r.Policy} | {r.QueueP50:0.0} | {r.QueueP95:0.0} | {r.Cost:0.00} | {r.Flaps} | {front} |\n");
        }

        return text.ToString();
    }

    private static IEnumerable<IScalingPolicy> Policies() =>
    [
        new OurPolicy(Parameters, new ScalingHabits()), new DocumentedFormulaPolicy(Parameters), new QueueDelayPolicy(), new RequestCountPolicy(),
        new KnativePolicy(), new KedaPolicy(),
    ];
}
