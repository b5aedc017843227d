namespace ComfyServe.Autoscaling.Simulation.Policies;

/// <summary>A policy that only says how many workers should run; starting and stopping are the same for all of them.</summary>
public abstract class CountPolicy : IScalingPolicy
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public IReadOnlyList<ScaleAction> Decide(SimulationView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        var wanted = Math.Clamp(Wanted(view), 1, view.Fleet.MaxWorkers);
        List<ScaleAction> actions = [];
        var running = view.Running;
        foreach (var worker in view.Workers.Where(w => w.Phase == WorkerPhase.Stopped))
        {
            if (running + actions.Count < wanted)
            {
                actions.Add(new ScaleAction(ScaleActionKind.Start, worker.Id, 1, Name));
            }
        }

        for (var room = view.Fleet.MaxWorkers - view.Workers.Count; running + actions.Count < wanted && room > 0; room--)
        {
            actions.Add(new ScaleAction(ScaleActionKind.Recruit, 0, 1, Name));
        }

        foreach (var (id, _) in view.IdleWorkers.OrderByDescending(w => w.Value).Where(w => w.Value >= LeastIdle).Take(Math.Max(0, running - wanted)))
        {
            actions.Add(new ScaleAction(ScaleActionKind.Stop, id, 1, Name));
        }

        return actions;
    }

    /// <summary>Seconds that a worker must have been idle before it is stopped.</summary>
    protected virtual double LeastIdle => 0;

    /// <summary>How many workers should run.</summary>
    protected abstract int Wanted(SimulationView view);
}
