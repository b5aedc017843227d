namespace ComfyServe.Autoscaling;

/// <summary>A plan in the making: the capacities as they will be when the steps so far are done.</summary>
internal sealed class ScaleDraft
{
    /// <summary>Differences below this are none.</summary>
    public const double Slack = 1e-6;

    private readonly List<ScaleAction> _actions = [];
    private readonly HashSet<long> _touched = [];
    private readonly Dictionary<long, int> _room;
    private readonly HashSet<long> _groups;
    private readonly double _activeBefore;
    private readonly double _comingBefore;
    private readonly double _allBefore;
    private int _unmeasured;

    public ScaleDraft(FleetSnapshot fleet, ScalingHabits habits)
    {
        Fleet = fleet;
        Workers = fleet.Workers;
        _groups = [.. fleet.Groups.Select(g => g.Id)];
        _room = fleet.Groups.ToDictionary(g => g.Id, g => g.Room);
        var measured = Workers.Where(w => w.Perf > 0).Select(w => w.Perf).ToList();
        Typical = measured.Count > 0 ? measured.Average() : 1;
        IsMeasured = measured.Count > 0;
        Active = Workers.Where(w => w.Phase == WorkerPhase.Idle).Sum(Perf);
        Coming = Workers.Where(w => w.Phase.IsComing()).Sum(Perf);
        All = Workers.Where(w => !w.Phase.IsLeaving() && w.Phase is not (WorkerPhase.Error or WorkerPhase.Unavailable)).Sum(Perf);
        Count = Workers.Count(w => !w.Phase.IsLeaving());
        _unmeasured = Workers.Count(w => w.Perf <= 0 && w.Phase.IsComing());
        (_activeBefore, _comingBefore, _allBefore) = (Active, Coming, All);
        Targets = ScaleTargets.Of(fleet, Active, Coming, Typical, habits);
    }

    public FleetSnapshot Fleet { get; }

    public IReadOnlyList<WorkerSnapshot> Workers { get; }

    public ScaleTargets Targets { get; }

    /// <summary>Perf of a worker that is not measured: the mean of the others.</summary>
    public double Typical { get; }

    public bool IsMeasured { get; }

    public double Active { get; private set; }

    public double Coming { get; private set; }

    public double All { get; private set; }

    /// <summary>Workers that are not leaving.</summary>
    public int Count { get; private set; }

    /// <summary>Capacity that is neither ready nor on its way.</summary>
    public double Missing => Targets.Hot - Active - Coming - Slack;

    /// <summary>The same, of what new workers are made for.</summary>
    public double MissingForLong => Targets.Lasting - Active - Coming - Slack;

    /// <summary>Workers that scaling may touch, and has not yet.</summary>
    public IEnumerable<WorkerSnapshot> Managed => [.. Workers.Where(w => w.GroupId is { } g && _groups.Contains(g) && !w.Busy && !_touched.Contains(w.Id))];

    public void Add(ScaleActionKind kind, WorkerSnapshot worker, string reason)
    {
        _touched.Add(worker.Id);
        _actions.Add(new ScaleAction(kind, worker.Id, worker.GroupId!.Value, reason));
    }

    /// <summary>An inactive worker becomes capacity that is coming.</summary>
    public void Start(WorkerSnapshot worker, ScaleActionKind kind, string reason)
    {
        Coming += Perf(worker);
        Add(kind, worker, reason);
    }

    /// <summary>A ready worker is closed for a while.</summary>
    public void Close(WorkerSnapshot worker, ScaleActionKind kind, string reason)
    {
        Active -= Perf(worker);
        Coming += kind == ScaleActionKind.Update ? Perf(worker) : 0;
        Add(kind, worker, reason);
    }

    public void Stop(WorkerSnapshot worker, string reason)
    {
        if (worker.Phase.IsComing())
        {
            Coming -= Perf(worker);
        }
        else
        {
            Active -= Perf(worker);
        }

        Add(ScaleActionKind.Stop, worker, reason);
    }

    public void Destroy(WorkerSnapshot worker, string reason)
    {
        Active -= worker.Phase == WorkerPhase.Idle ? Perf(worker) : 0;
        Coming -= worker.Phase.IsComing() ? Perf(worker) : 0;
        All -= worker.Phase is WorkerPhase.Error or WorkerPhase.Unavailable ? 0 : Perf(worker);
        Count--;
        Add(ScaleActionKind.Destroy, worker, reason);
    }

    /// <summary>Makes a worker in the group that lacks most; false if none has room, or too many are unmeasured.</summary>
    public bool Recruit(double unmeasured, string reason)
    {
        if (Count >= Fleet.Parameters.MaxWorkers || (!IsMeasured && _unmeasured >= unmeasured))
        {
            return false;
        }

        var group = Fleet.Groups.Where(g => _room[g.Id] > 0)
            .OrderByDescending(g => (g.ColdWorkers ?? 0) - Workers.Count(w => w.GroupId == g.Id)).ThenBy(g => g.Id).FirstOrDefault();
        if (group is null)
        {
            return false;
        }

        _room[group.Id]--;
        _unmeasured++;
        Count++;
        Coming += Typical;
        All += Typical;
        _actions.Add(new ScaleAction(ScaleActionKind.Recruit, 0, group.Id, reason));
        return true;
    }

    public ScalePlan Plan() => new(_actions, Targets, _activeBefore, _comingBefore, _allBefore);

    private double Perf(WorkerSnapshot worker) => worker.Perf > 0 ? worker.Perf : Typical;
}
