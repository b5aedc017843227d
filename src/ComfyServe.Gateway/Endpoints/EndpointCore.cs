using ComfyServe.Autoscaling;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Routing;
using ComfyServe.Gateway.Storage;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>
/// One endpoint in its owner's hands: its workers, what they do and should do. No I/O and no clock: times come in as
/// seconds of a clock that never goes back. One caller at a time.
/// </summary>
internal sealed class EndpointCore
{
    private readonly LivenessLimits _limits;
    private readonly SortedDictionary<long, FleetWorker> _workers = [];
    private readonly List<long> _removed = [];
    private EndpointSnapshot _snapshot = EndpointSnapshot.Empty;

    public EndpointCore(EndpointRow row, LivenessLimits limits, DecisionLog log)
    {
        _limits = limits;
        Row = row;
        Log = log;
    }

    /// <summary>The endpoint as stored.</summary>
    public EndpointRow Row { get; private set; }

    /// <summary>What happened and why.</summary>
    public DecisionLog Log { get; }

    /// <summary>Demand over all gateways.</summary>
    public DemandMeter Demand { get; } = new();

    /// <summary>Its workers by id.</summary>
    public IReadOnlyDictionary<long, FleetWorker> Workers => _workers;

    /// <summary>Its workergroups by id.</summary>
    public IReadOnlyDictionary<long, WorkergroupRow> Groups { get; private set; } = new Dictionary<long, WorkergroupRow>();

    /// <summary>What scaling remembers.</summary>
    public FleetScaling Scaling { get; } = new();

    /// <summary>What routing needs to know; a new object whenever something of it changed.</summary>
    public EndpointSnapshot Snapshot => _snapshot;

    /// <summary>Takes stored workers in, when its owner takes over. They count as alive until they have been silent for long.</summary>
    public void Load(IEnumerable<WorkerRow> workers, long version, double now)
    {
        foreach (var row in workers)
        {
            _workers[row.Id] = new FleetWorker(row, _limits, now);
        }

        _snapshot = EndpointSnapshot.Empty with { Version = version };
        Refresh(now);
    }

    /// <summary>Takes changed parameters and workergroups in.</summary>
    public void Configure(EndpointRow row, IEnumerable<WorkergroupRow> groups, double now)
    {
        Groups = groups.Where(g => g.EndpointId == row.Id).ToDictionary(g => g.Id);
        if (row.State != Row.State)
        {
            Log.State($"endpoint is {row.State.ToString().ToLowerInvariant()}, was {Row.State.ToString().ToLowerInvariant()}");
        }

        Row = row;
        Refresh(now);
    }

    /// <summary>Adds a worker.</summary>
    public FleetWorker Add(WorkerRow row, double now)
    {
        var worker = new FleetWorker(row, _limits, now) { Dirty = true };
        _workers[row.Id] = worker;
        Log.Worker($"worker {row.Id} added{(row.WorkergroupId is { } group ? $" to workergroup {group}" : ", to be started by hand")}");
        Refresh(now);
        return worker;
    }

    /// <summary>Removes a worker for good.</summary>
    public void Remove(long workerId, double now)
    {
        if (_workers.Remove(workerId))
        {
            _removed.Add(workerId);
            Log.Worker($"worker {workerId} removed");
            Refresh(now);
        }
    }

    /// <summary>Takes a worker's report in; null if there is no such worker.</summary>
    public FleetWorker? Report(WorkerStatus status, double now, double unixNow)
    {
        if (!_workers.TryGetValue(status.Id, out var worker))
        {
            return null;
        }

        var (before, isNew) = (worker.Phase, worker.Row.LoadedAt <= 0);
        if (worker.Report(status, now, unixNow))
        {
            if (worker.Phase == WorkerPhase.Idle && before.IsComing())
            {
                Scaling.CameUp(worker.Row.WorkergroupId, isNew, now - worker.StartedAt);
            }

            Note(worker, before);
            Refresh(now);
        }

        return worker;
    }

    /// <summary>Takes news of ended requests in.</summary>
    public void Ended(IEnumerable<EndedWork> ended, double now)
    {
        foreach (var work in ended)
        {
            if (_workers.TryGetValue(work.WorkerId, out var worker))
            {
                var wasInTrouble = worker.Health.IsInTrouble(now);
                worker.Ended(work, now);
                Log.Worker($"request {work.RequestIdx} at worker {work.WorkerId}: {Outcome(work)}");
                if (worker.Health.IsInTrouble(now) != wasInTrouble)
                {
                    Log.State(wasInTrouble ? $"worker {work.WorkerId} serves well again" : $"worker {work.WorkerId} gets fewer requests: {worker.Health.Trouble(now)}");
                }
            }
        }

        Refresh(now);
    }

    /// <summary>Lets time pass: finds out who is silent.</summary>
    public void Tick(double now)
    {
        foreach (var worker in _workers.Values)
        {
            var before = worker.Phase;
            if (worker.Phase == WorkerPhase.Idle && !worker.IsAlive(now))
            {
                worker.Enter(WorkerPhase.Unavailable, now);
            }
            else if (worker.Row.WorkergroupId is not null && worker.Phase == WorkerPhase.Unavailable && now - worker.PhaseSince > _limits.LostAfter)
            {
                worker.Break($"silent for {_limits.LostAfter:0} s", now);
            }
            else if (worker.Row.WorkergroupId is not null && worker.Phase.IsComing() && worker.Phase != WorkerPhase.Updating && now - worker.StartedAt > _limits.LoadTime)
            {
                worker.Break($"did not become ready in {_limits.LoadTime:0} s", now);
            }

            Note(worker, before);
        }

        Refresh(now);
    }

    /// <summary>Workers whose stored form changed, and ids of removed ones; they count as saved after this.</summary>
    public (IReadOnlyCollection<WorkerRow> Saved, IReadOnlyCollection<long> Removed) TakeChanges()
    {
        List<WorkerRow> saved = [];
        foreach (var worker in _workers.Values.Where(w => w.Dirty))
        {
            worker.Dirty = false;
            saved.Add(worker.Row with { Perf = worker.Perf.Perf, MeasuredPerf = worker.Perf.Benchmark });
        }

        long[] removed = [.. _removed];
        _removed.Clear();
        return (saved, removed);
    }

    /// <summary>What <see cref="TakeChanges"/> gave was not saved: it is to be saved the next time.</summary>
    public void KeepChanges(IEnumerable<WorkerRow> saved, IEnumerable<long> removed)
    {
        foreach (var row in saved)
        {
            if (_workers.TryGetValue(row.Id, out var worker))
            {
                worker.Dirty = true;
            }
        }

        _removed.AddRange(removed);
    }

    /// <summary>The list of workers, of one workergroup if given.</summary>
    public IReadOnlyList<WorkerView> Views(long? workergroupId, double now) =>
        [.. _workers.Values.Where(w => workergroupId is null || w.Row.WorkergroupId == workergroupId).Select(w => w.View(now))];

    /// <summary>What the endpoint does now.</summary>
    public EndpointOverview Overview(double now)
    {
        var (requests, load) = Demand.Waiting(now);
        return new()
        {
            Id = Row.Id,
            EndpointName = Row.Name,
            EndpointState = Row.State.ToString().ToLowerInvariant(),
            QueuedRequests = requests,
            QueuedLoad = load,
            AssignedLoad = Demand.Assigned(now),
            WaitingJobs = Demand.WaitingJobs.Jobs,
            Workergroups = [.. Groups.Values.OrderBy(static g => g.Id).Select(g => new WorkergroupOverview(g.Id, g.Provider, g.Parameters.LaunchArgs)
            {
                Error = Scaling.LastError(g.Id),
                PausedSeconds = Math.Ceiling(Scaling.Pause(g.Id, now)),
            })],
            Workers = Views(null, now),
        };
    }

    /// <summary>Writes a change of a worker's state into the log.</summary>
    public void Note(FleetWorker worker, WorkerPhase before)
    {
        if (worker.Phase != before)
        {
            var why = worker.Phase == WorkerPhase.Error ? $": {worker.Row.Error}"
                : worker.Phase == WorkerPhase.Idle ? $", {worker.Perf.Benchmark:0.###} load/s" : "";
            Log.State($"worker {worker.Row.Id} is {worker.Phase.Wire()}, was {before.Wire()}{why}");
        }
    }

    /// <summary>Makes a new snapshot if anything that routing sees has changed.</summary>
    public void Refresh(double now)
    {
        var routes = _workers.Values.Select(w => w.Route(now)).OfType<WorkerRoute>().ToList();
        var summary = Summary();
        if (routes.SequenceEqual(_snapshot.Workers, RouteComparer.Instance)
            && summary == _snapshot.Summary && Row.Parameters.MaxQueueTime == _snapshot.MaxQueueTime)
        {
            return;
        }

        _snapshot = new EndpointSnapshot
        {
            Version = _snapshot.Version + 1,
            MaxQueueTime = Row.Parameters.MaxQueueTime,
            Summary = summary,
            Workers = [.. routes],
        };
    }

    // A worker that answers '422' has done its duty, but the request was no success.
    private static string Outcome(EndedWork work)
    {
        var status = work.Status > 0 ? $"HTTP {work.Status}" : null;
        var word = work is { Kind: EndKind.Success, Status: >= 400 } ? "refused" : work.Kind.ToString().ToLowerInvariant();
        return string.Join(", ", new[] { word, status, work.JobId is null ? null : $"job '{work.JobId}'", work.Reason }.OfType<string>());
    }

    private string Summary()
    {
        if (_workers.Count == 0)
        {
            return Row.State == EndpointState.Stopped ? "endpoint stopped" : "no workers";
        }

        var parts = _workers.Values.GroupBy(w => w.Phase).OrderBy(g => g.Key).Select(g => $"{g.Count()} {g.Key.Wire()}");
        return string.Join(", ", parts);
    }

    // A perf that moved by less than a hundredth is not worth a new snapshot for every gateway.
    private sealed class RouteComparer : IEqualityComparer<WorkerRoute>
    {
        public static RouteComparer Instance { get; } = new();

        public bool Equals(WorkerRoute? x, WorkerRoute? y) =>
            x is not null && y is not null && x with { Perf = 0 } == y with { Perf = 0 } && Math.Abs(x.Perf - y.Perf) <= 0.01 * y.Perf;

        public int GetHashCode(WorkerRoute obj) => obj.Id.GetHashCode();
    }
}
