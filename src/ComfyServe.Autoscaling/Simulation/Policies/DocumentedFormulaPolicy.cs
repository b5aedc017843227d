namespace ComfyServe.Autoscaling.Simulation.Policies;

/// <summary>
/// The original's documented formula: active capacity = short average of the load ÷ target_util, with extra capacity while the
/// queue time is above its target. What is not documented (length of the average, pace downwards) is 60 s for both.
/// </summary>
public sealed class DocumentedFormulaPolicy(ScalingParameters parameters) : CountPolicy
{
    private readonly Queue<(double At, int Wanted)> _recent = new();

    /// <inheritdoc/>
    public override string Name => "documented formula";

    /// <inheritdoc/>
    protected override int Wanted(SimulationView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        var load = view.Arrivals.Rate(60, view.Now);
        var capacity = Math.Max(parameters.MinLoad, load) / parameters.TargetUtil;
        var (backlog, active) = (view.Queued * view.Fleet.Cost, view.Workers.Count(w => w.Phase == WorkerPhase.Idle) * view.Fleet.Perf);
        if (backlog > 0 && (active <= 0 || backlog / active > parameters.TargetQueueTime))
        {
            capacity = Math.Max(capacity, load + (backlog / parameters.TargetQueueTime));
        }

        var wanted = (int)Math.Ceiling(capacity / view.Fleet.Perf);
        _recent.Enqueue((view.Now, wanted));
        while (_recent.Peek().At < view.Now - 60)
        {
            _recent.Dequeue();
        }

        return Math.Max(wanted, Math.Min(view.Running, _recent.Max(r => r.Wanted)));
    }
}
