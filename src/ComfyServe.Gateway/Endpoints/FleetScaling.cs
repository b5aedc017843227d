using ComfyServe.Autoscaling;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>
/// What scaling an endpoint remembers: how long its workers take to come, and which workergroups failed lately. Turns an
/// endpoint into the snapshot that <see cref="Autoscaler"/> decides on. No clock and no I/O.
/// </summary>
internal sealed class FleetScaling
{
    private const double FirstPause = 5;
    private const double LongestPause = 300;
    private const double Learning = 0.3;
    private readonly ScalingHabits _habits = new();
    private readonly Autoscaler _autoscaler;
    private readonly Dictionary<long, Failures> _failures = [];
    private string _numbers = "";

    public FleetScaling() => _autoscaler = new Autoscaler(_habits);

    /// <summary>Seconds until a new worker is ready, learned.</summary>
    public double RecruitTime { get; private set; } = 120;

    /// <summary>Seconds until a stopped worker is ready, learned.</summary>
    public double StartTime { get; private set; } = 30;

    /// <summary>A worker became ready.</summary>
    /// <param name="groupId">Its workergroup, if any.</param>
    /// <param name="isNew">For the first time.</param>
    /// <param name="seconds">After so many seconds.</param>
    public void CameUp(long? groupId, bool isNew, double seconds)
    {
        if (groupId is not { } group)
        {
            return; // who knows when somebody started it
        }

        _failures.Remove(group);
        if (isNew)
        {
            RecruitTime += (seconds - RecruitTime) * Learning;
        }
        else
        {
            StartTime += (seconds - StartTime) * Learning;
        }
    }

    /// <summary>A worker of a group could not be made, or broke before it was ever ready: the group makes none for a while.</summary>
    /// <param name="groupId">The workergroup.</param>
    /// <param name="error">What went wrong with the worker.</param>
    /// <param name="now">The time.</param>
    /// <returns>How long, seconds.</returns>
    public double Failed(long groupId, string? error, double now)
    {
        var count = _failures.TryGetValue(groupId, out var failures) ? failures.Count + 1 : 1;
        var pause = Math.Min(LongestPause, FirstPause * Math.Pow(2, Math.Min(count - 1, 10)));
        _failures[groupId] = new Failures(count, now + pause, error);
        return pause;
    }

    /// <summary>What went wrong last with a workergroup whose workers do not come up; null since one came.</summary>
    public string? LastError(long groupId) => _failures.TryGetValue(groupId, out var failures) ? failures.Error : null;

    /// <summary>Seconds for which a workergroup makes no workers, because they broke; 0 where it may.</summary>
    public double Pause(long groupId, double now) => _failures.TryGetValue(groupId, out var failures) ? Math.Max(0, failures.Until - now) : 0;

    /// <summary>What to do now.</summary>
    /// <param name="core">The endpoint.</param>
    /// <param name="slots">Most workers of each workergroup; groups that are not in it make none.</param>
    /// <param name="busy">Workers that something is being done with.</param>
    /// <param name="now">The time.</param>
    public ScalePlan Decide(EndpointCore core, IReadOnlyDictionary<long, int> slots, Func<long, bool> busy, double now)
    {
        var workers = core.Workers.Values.Select(w => Snapshot(w, core, busy, now)).ToList();
        var measured = workers.Where(w => w.Perf > 0).Select(w => w.Perf).DefaultIfEmpty(0).Average();
        var plan = _autoscaler.Decide(new FleetSnapshot
        {
            State = core.Row.State,
            Parameters = core.Row.Parameters,
            Demand = core.Demand.Snapshot(_habits, measured, workers.Sum(w => w.Requests), now),
            Workers = workers,
            Groups = [.. core.Groups.Values.Where(g => slots.ContainsKey(g.Id)).Select(g => new GroupSnapshot
            {
                Id = g.Id,
                ColdWorkers = g.Parameters.ColdWorkers,
                Room = MayRecruit(g.Id, now) ? slots[g.Id] - workers.Count(w => w.GroupId == g.Id) : 0,
            })],
            RecruitTime = RecruitTime,
            StartTime = StartTime,
        });
        if (plan.Numbers != _numbers)
        {
            core.Log.Numbers(_numbers = plan.Numbers);
        }

        return plan;
    }

    private bool MayRecruit(long groupId, double now) => !_failures.TryGetValue(groupId, out var failures) || failures.Until <= now;

    private static WorkerSnapshot Snapshot(FleetWorker worker, EndpointCore core, Func<long, bool> busy, double now) => new()
    {
        Id = worker.Row.Id,
        GroupId = worker.Row.WorkergroupId,
        Phase = worker.Phase,
        Perf = worker.Perf.Perf,
        Requests = worker.IsAlive(now) ? worker.Requests : 0,
        Idle = worker.Load > 0 ? 0 : now - worker.IdleSince,
        Reboots = worker.Row.Reboots,
        Outdated = worker.Row.WorkergroupId is { } id && core.Groups.TryGetValue(id, out var group) && worker.Row.Revision < group.Revision,
        Busy = busy(worker.Row.Id),
    };

    private readonly record struct Failures(int Count, double Until, string? Error);
}
