namespace ComfyServe.Autoscaling;

/// <summary>
/// Decides what to do with an endpoint's workers: a pure function of a snapshot. Steps as in specification C.7 and C.8;
/// what is on its way counts as capacity, so that nothing is done twice.
/// </summary>
/// <param name="habits">Times and bounds.</param>
public sealed class Autoscaler(ScalingHabits habits)
{
    /// <summary>What to do now.</summary>
    public ScalePlan Decide(FleetSnapshot fleet)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        var draft = new ScaleDraft(fleet, habits);
        if (fleet.State == EndpointState.Suspended)
        {
            return draft.Plan();
        }

        Repair(draft);
        if (fleet.State == EndpointState.Stopped)
        {
            foreach (var worker in draft.Managed.Where(w => w.Phase == WorkerPhase.Idle || (w.Phase.IsComing() && w.Phase is not (WorkerPhase.Creating or WorkerPhase.Updating))))
            {
                draft.Stop(worker, "the endpoint is stopped");
            }

            return draft.Plan();
        }

        Update(draft);
        Raise(draft);
        Fill(draft);
        Lower(draft);
        Trim(draft);
        return draft.Plan();
    }

    // 1. A broken worker is restarted once, then replaced.
    private void Repair(ScaleDraft draft)
    {
        foreach (var worker in draft.Managed.Where(w => w.Phase == WorkerPhase.Error))
        {
            if (worker.Reboots < habits.Reboots)
            {
                draft.Add(ScaleActionKind.Reboot, worker, "it reported an error, went silent or did not come up; restarting it once");
            }
            else
            {
                draft.Destroy(worker, $"broken again after {worker.Reboots} restart(s); it is replaced");
            }
        }
    }

    // 2. Without downtime: stopped ones first, then a few of the active while the others carry the load.
    private void Update(ScaleDraft draft)
    {
        var outdated = draft.Managed.Where(w => w.Outdated).ToList();
        if (outdated.Count == 0)
        {
            return;
        }

        foreach (var worker in outdated.Where(w => w.Phase == WorkerPhase.Stopped))
        {
            draft.Start(worker, ScaleActionKind.Update, "its workergroup has a new template; inactive workers are updated first");
        }

        var active = draft.Workers.Where(w => w.Phase == WorkerPhase.Idle).ToList();
        var allowed = Math.Max(1, (int)(habits.UpdateShare * active.Count)) - draft.Workers.Count(w => w.Phase == WorkerPhase.Updating);
        foreach (var worker in outdated.Where(w => w.Phase == WorkerPhase.Idle).OrderBy(w => w.Requests).ThenBy(w => w.Id))
        {
            var others = draft.Active - worker.Perf;
            if (allowed <= 0 || (others < draft.Fleet.Demand.Load && others > 0 && draft.Coming > 0))
            {
                return;
            }

            if (others <= 0 && draft.Coming > 0)
            {
                return; // the one that is coming will take over
            }

            if (others <= 0 && draft.Recruit(double.PositiveInfinity, "so that the only active worker can be updated without a gap"))
            {
                return;
            }

            draft.Close(worker, ScaleActionKind.Update, others > 0
                ? "its workergroup has a new template; the others carry the load meanwhile"
                : "its workergroup has a new template, and there is no room for another worker to take over");
            allowed--;
        }
    }

    // 3. Less ready than needed: those that are just finishing, then stopped ones, then new ones; the fastest first.
    private void Raise(ScaleDraft draft)
    {
        string Why() => FormattableString.Invariant(
            $"load {draft.Fleet.Demand.Load:0.##}/s and {draft.Fleet.Demand.QueuedRequests} waiting want {draft.Targets.Hot:0.##}/s; active {draft.Active:0.##}, coming {draft.Coming:0.##}");
        foreach (var worker in draft.Managed.Where(w => w.Phase == WorkerPhase.Stopping && !w.Outdated).OrderByDescending(w => w.Perf).ThenBy(w => w.Id))
        {
            if (draft.Missing > 0)
            {
                draft.Start(worker, ScaleActionKind.Resume, Why());
            }
        }

        foreach (var worker in draft.Managed.Where(w => w.Phase == WorkerPhase.Stopped).OrderByDescending(w => w.Perf).ThenBy(w => w.Id))
        {
            if (draft.Missing > 0)
            {
                draft.Start(worker, ScaleActionKind.Start, Why());
            }
        }

        while (draft.MissingForLong > 0 && draft.Recruit(habits.Unmeasured, Why()))
        {
        }
    }

    // 4. Fewer than there should be, active and inactive.
    private void Fill(ScaleDraft draft)
    {
        while (draft.Count < draft.Targets.Workers && draft.Recruit(double.PositiveInfinity, $"{draft.Count} of at least {draft.Targets.Workers} workers"))
        {
        }

        while (draft.All < draft.Targets.Total - ScaleDraft.Slack
            && draft.Recruit(habits.Unmeasured, FormattableString.Invariant($"all workers have {draft.All:0.##}/s of {draft.Targets.Total:0.##}/s")))
        {
        }
    }

    // 5. More ready than was needed lately: the slowest idle ones stop, never one with requests.
    private void Lower(ScaleDraft draft)
    {
        if (draft.Managed.Any(w => w.Outdated))
        {
            return; // an update needs the spare ones
        }

        foreach (var worker in draft.Managed.Where(w => w.Phase == WorkerPhase.Idle && w.Requests == 0 && (w.Idle >= habits.IdleStarts * draft.Fleet.StartTime || draft.Targets.Keep <= 0)).OrderBy(w => w.Perf).ThenByDescending(w => w.Id))
        {
            if (draft.Fleet.Demand.QueuedRequests == 0 && draft.Active - worker.Perf >= draft.Targets.Keep - ScaleDraft.Slack)
            {
                draft.Stop(worker, FormattableString.Invariant($"active {draft.Active:0.##}/s, of which {draft.Targets.Keep:0.##}/s are to be kept"));
            }
        }
    }

    // 6. More than there should be, active and inactive: the slowest stopped ones go. Above max_workers active ones go too.
    private static void Trim(ScaleDraft draft)
    {
        foreach (var worker in draft.Managed.Where(w => w.Phase == WorkerPhase.Stopped).OrderBy(w => w.Perf).ThenByDescending(w => w.Id))
        {
            if (draft.Count > draft.Targets.Workers && draft.All - worker.Perf >= draft.Targets.Total - ScaleDraft.Slack)
            {
                draft.Destroy(worker, FormattableString.Invariant($"all workers have {draft.All:0.##}/s, of which {draft.Targets.Total:0.##}/s are to be kept"));
            }
        }

        var max = draft.Fleet.Parameters.MaxWorkers;
        foreach (var worker in draft.Managed
            .Where(w => !w.Phase.IsLeaving())
            .OrderBy(w => w.Phase == WorkerPhase.Stopped ? 0 : 1).ThenBy(w => w.Requests).ThenBy(w => w.Perf).ThenByDescending(w => w.Id))
        {
            if (draft.Count > max)
            {
                draft.Destroy(worker, $"{draft.Count} workers, at most {max} allowed");
            }
        }
    }
}
