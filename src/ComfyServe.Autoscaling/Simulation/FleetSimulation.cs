namespace ComfyServe.Autoscaling.Simulation;

/// <summary>Replays a trace against a policy in virtual time.</summary>
public sealed class FleetSimulation
{
    private const double Step = 0.2;
    private const double FlapWindow = 120;
    private readonly LoadTrace _trace;
    private readonly SimulatedFleet _fleet;
    private readonly List<SimulatedWorker> _workers = [];
    private readonly Queue<double> _queue = new();
    private readonly DemandWindow _arrivals = new();
    private readonly List<double> _waits = [];
    private readonly Random _random;
    private long _lastId;
    private double _paid;
    private int _flaps;
    private double _lastStop = double.NegativeInfinity;
    private double _lastActivity;
    private int _served;

    private FleetSimulation(LoadTrace trace, SimulatedFleet fleet, int seed)
    {
        (_trace, _fleet, _random) = (trace, fleet, new Random(seed));
        for (var i = 0; i < fleet.ActiveAtStart + fleet.StoppedAtStart; i++)
        {
            _workers.Add(new SimulatedWorker(++_lastId, i < fleet.ActiveAtStart ? WorkerPhase.Idle : WorkerPhase.Stopped, 0));
        }
    }

    /// <summary>Runs it.</summary>
    public static SimulationResult Run(LoadTrace trace, IScalingPolicy policy, SimulatedFleet fleet, int seed)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(fleet);
        var simulation = new FleetSimulation(trace, fleet, seed);
        simulation.Replay(policy);
        return simulation.Result(policy.Name);
    }

    private void Replay(IScalingPolicy policy)
    {
        var (next, loss) = (0, 0);
        for (var step = 0; step * Step < _trace.Duration || ((_queue.Count > 0 || _workers.Any(w => w.IsBusy)) && step * Step < 2 * _trace.Duration); step++)
        {
            var now = step * Step;
            for (; next < _trace.Arrivals.Count && _trace.Arrivals[next] <= now; next++)
            {
                _queue.Enqueue(_trace.Arrivals[next]);
                _arrivals.Add(_fleet.Cost, now);
            }

            for (; loss < _trace.Losses.Count && _trace.Losses[loss].At <= now; loss++)
            {
                Lose(_trace.Losses[loss]);
            }

            Work(now);
            if (step % 5 == 0)
            {
                foreach (var action in policy.Decide(View(now)))
                {
                    Do(action, now);
                }
            }

            _paid += Step * _workers.Count(w => w.Phase.IsPaid());
        }
    }

    private void Work(double now)
    {
        foreach (var worker in _workers)
        {
            if (worker.IsBusy && worker.BusyUntil <= now)
            {
                (worker.BusyUntil, worker.IdleSince) = (double.NaN, now);
                _served++;
            }

            if (worker.Phase.IsComing() && worker.ReadyAt <= now)
            {
                (worker.Phase, worker.IdleSince) = (WorkerPhase.Idle, now);
            }
            else if (worker.Phase == WorkerPhase.Stopping && !worker.IsBusy)
            {
                worker.Phase = WorkerPhase.Stopped;
            }
        }

        _workers.RemoveAll(w => w.Phase == WorkerPhase.Destroying && !w.IsBusy);
        foreach (var worker in _workers)
        {
            if (_queue.Count > 0 && worker.Phase == WorkerPhase.Idle && !worker.IsBusy)
            {
                worker.Arrival = _queue.Dequeue();
                worker.BusyUntil = now + _fleet.ServiceTime;
                _waits.Add(now - worker.Arrival);
            }
        }

        if (_queue.Count > 0 || _workers.Any(w => w.IsBusy))
        {
            _lastActivity = now;
        }
    }

    // Requests of the lost workers go back to the head of the queue; their clients wait on.
    private void Lose(WorkerLoss loss)
    {
        var running = _workers.Where(w => w.Phase != WorkerPhase.Stopped).OrderBy(_ => _random.Next()).ToList();
        var lost = running.Take((int)Math.Round(running.Count * loss.Share)).ToList();
        var again = lost.Where(w => w.IsBusy).Select(w => w.Arrival).Concat(_queue).Order().ToList();
        _queue.Clear();
        again.ForEach(_queue.Enqueue);
        _workers.RemoveAll(lost.Contains);
    }

    private void Do(ScaleAction action, double now)
    {
        var worker = _workers.Find(w => w.Id == action.WorkerId);
        switch (action.Kind)
        {
            case ScaleActionKind.Recruit when _workers.Count < _fleet.MaxWorkers:
                _workers.Add(new SimulatedWorker(++_lastId, WorkerPhase.ModelLoading, now + _fleet.RecruitTime));
                CountFlap(now);
                break;
            case ScaleActionKind.Start when worker is { Phase: WorkerPhase.Stopped }:
                (worker.Phase, worker.ReadyAt) = (WorkerPhase.Starting, now + _fleet.StartTime);
                CountFlap(now);
                break;
            case ScaleActionKind.Resume when worker is { Phase: WorkerPhase.Stopping }:
                worker.Phase = WorkerPhase.Idle;
                break;
            case ScaleActionKind.Stop when worker is not null:
                worker.Phase = WorkerPhase.Stopping;
                _lastStop = now;
                break;
            case ScaleActionKind.Destroy when worker is not null:
                worker.Phase = WorkerPhase.Destroying;
                break;
            default:
                break; // no room, or gone meanwhile
        }
    }

    private void CountFlap(double now) => _flaps += now - _lastStop <= FlapWindow ? 1 : 0;

    private SimulationView View(double now) => new()
    {
        Now = now,
        Fleet = _fleet,
        Arrivals = _arrivals,
        Queued = _queue.Count,
        OldestWait = _queue.TryPeek(out var first) ? now - first : 0,
        Working = _workers.Count(w => w.IsBusy),
        Idle = now - _lastActivity,
        Workers =
        [
            .. _workers.Select(w => new WorkerSnapshot { Id = w.Id, GroupId = 1, Phase = w.Phase, Perf = _fleet.Perf, Requests = w.IsBusy ? 1 : 0, Idle = w.IsBusy ? 0 : now - w.IdleSince }),
        ],
        IdleWorkers = _workers.Where(w => w.Phase == WorkerPhase.Idle && !w.IsBusy).ToDictionary(w => w.Id, w => now - w.IdleSince),
    };

    private SimulationResult Result(string policy)
    {
        _waits.Sort();
        return new SimulationResult
        {
            Trace = _trace.Name,
            Policy = policy,
            Served = _served,
            Unserved = _trace.Arrivals.Count - _served,
            QueueP50 = Quantile(0.5),
            QueueP95 = Quantile(0.95),
            Cost = _paid / Clairvoyant.WorkerSeconds(_trace, _fleet),
            Flaps = _flaps,
        };
    }

    private double Quantile(double q) => _waits.Count == 0 ? 0 : _waits[Math.Min(_waits.Count - 1, (int)(q * _waits.Count))];
}
