namespace ComfyServe.Autoscaling;

/// <summary>What an endpoint should have, in load units per second.</summary>
public sealed record ScaleTargets
{
    /// <summary>Capacity to have ready soon: inactive workers are started when there is less.</summary>
    public required double Hot { get; init; }

    /// <summary>Capacity to have ready for long: new workers are made when there is less. At most <see cref="Hot"/>.</summary>
    public required double Lasting { get; init; }

    /// <summary>Capacity below which nothing is stopped; at least <see cref="Hot"/>.</summary>
    public required double Keep { get; init; }

    /// <summary>Capacity of all workers, active and inactive.</summary>
    public required double Total { get; init; }

    /// <summary>Least number of workers, active and inactive.</summary>
    public required int Workers { get; init; }

    /// <summary>Seconds that what waits would take with what is ready.</summary>
    public required double QueueTime { get; init; }

    /// <summary>Computes the targets: specification C.2 and C.7, with requests that are indivisible and come at random.</summary>
    /// <param name="fleet">The fleet.</param>
    /// <param name="active">Load units per second of the ready workers.</param>
    /// <param name="coming">Load units per second of those on their way.</param>
    /// <param name="typical">Load units per second of one worker.</param>
    /// <param name="habits">Times and bounds.</param>
    public static ScaleTargets Of(FleetSnapshot fleet, double active, double coming, double typical, ScalingHabits habits)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        ArgumentNullException.ThrowIfNull(habits);
        var (p, demand) = (fleet.Parameters, fleet.Demand);
        double Capacity(double load, double spare) =>
            Math.Max(Math.Max(p.MinLoad, load) / p.TargetUtil, load + (habits.Staffing * Math.Sqrt(load * typical)) + (load > 0 ? spare * typical : 0));

        // 1. What arrives must use no more than target_util of what is ready.
        var hot = Capacity(demand.Load, 0);
        var lasting = Capacity(demand.LastingLoad, 0);
        var keep = Math.Max(hot, Capacity(demand.LastingLoad, habits.Slack));

        // 2. A queue above its target is worked off within the target; more workers than requests would not help. New workers are
        //    made for it only if it will still be there when they come.
        var queueTime = demand.Queued <= 0 ? 0 : active > 0 ? demand.Queued / active : double.PositiveInfinity;
        if (queueTime > p.TargetQueueTime)
        {
            var most = (demand.QueuedRequests + demand.WorkingRequests) * typical;
            hot = Math.Max(hot, Math.Min(demand.Load + (demand.Queued / p.TargetQueueTime), most));
            var later = demand.Queued + ((demand.LastingLoad - active - coming) * fleet.RecruitTime);
            lasting = Math.Max(lasting, Math.Min(demand.LastingLoad + (Math.Max(0, later) / p.TargetQueueTime), most));
        }

        // 3. Something waits, or never to zero: one worker at least.
        var timeout = p.InactivityTimeout ?? 0;
        if (demand.QueuedRequests > 0 || timeout < 0)
        {
            (hot, lasting) = (Math.Max(hot, typical), Math.Max(lasting, typical));
        }

        // 4. To zero only when the timeout allows: after so many idle seconds, then at once.
        keep = Math.Max(keep, hot);
        var asleep = p.MinLoad <= 0 && timeout > 0 && demand.Idle >= timeout && demand.QueuedRequests + demand.WorkingRequests == 0;
        if (asleep)
        {
            (hot, lasting, keep) = (0, 0, 0);
        }
        else if (timeout > 0 && keep <= 0)
        {
            keep = typical / 100; // not yet: the last one stays
        }

        // 5. Active and inactive together.
        var cold = asleep ? 0 : p.ColdMult * Math.Max(p.MinLoad, Math.Max(demand.LastingLoad, demand.ColdLoad));
        var overrides = fleet.Groups.Where(g => g.ColdWorkers is not null).Sum(g => g.ColdWorkers!.Value);
        return new ScaleTargets
        {
            Hot = hot,
            Lasting = Math.Min(lasting, hot),
            Keep = keep,
            Total = Math.Max(Math.Max(cold, p.MinColdLoad), Math.Min(lasting, hot)),
            Workers = Math.Min(p.MaxWorkers, fleet.Groups.Any(g => g.ColdWorkers is not null) ? overrides : p.ColdWorkers),
            QueueTime = queueTime,
        };
    }
}
