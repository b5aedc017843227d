using ComfyServe.Autoscaling;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Routing;
using ComfyServe.Gateway.Storage;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>One worker in its endpoint owner's eyes: what is stored of it, and what it last said. Times are seconds of the owner's clock.</summary>
internal sealed class FleetWorker
{
    private readonly LivenessLimits _limits;
    private string? _closedBoot;
    private bool _closed;
    private bool _nothingToFinish;
    private bool _toldToDrain;
    private string? _boot; // of whoever reported last; null for the original's worker
    private readonly ReportOrder _order = new();

    public FleetWorker(WorkerRow row, LivenessLimits limits, double now)
    {
        _limits = limits;
        Row = row;
        Phase = Enum.TryParse<WorkerPhase>(row.Phase, out var phase) ? phase : WorkerPhase.Created;
        (PhaseSince, LastSeen, IdleSince, StartedAt) = (now, now, now, now);
        Perf.Restore(row.MeasuredPerf, row.Perf);
    }

    /// <summary>What is stored.</summary>
    public WorkerRow Row { get; private set; }

    /// <summary>Its state.</summary>
    public WorkerPhase Phase { get; private set; }

    /// <summary>Since when.</summary>
    public double PhaseSince { get; private set; }

    /// <summary>When it last reported; at first, when its owner took over.</summary>
    public double LastSeen { get; private set; }

    /// <summary>Since when it has had nothing to do.</summary>
    public double IdleSince { get; private set; }

    /// <summary>Load that it has now.</summary>
    public double Load { get; private set; }

    /// <summary>Requests that it has now.</summary>
    public int Requests { get; private set; }

    /// <summary>It takes no new requests, by its own word.</summary>
    public bool SaysDraining { get; private set; }

    /// <summary>It is of our make: it reports each second and obeys commands.</summary>
    public bool Ours { get; private set; }

    /// <summary>Seconds of queue at which it refuses.</summary>
    public double QueueLimit { get; private set; } = double.PositiveInfinity;

    /// <summary>How fast it is.</summary>
    public PerfEstimator Perf { get; } = new();

    /// <summary>Load served per second, smoothed.</summary>
    public RateMeter Served { get; } = new();

    /// <summary>Load received per second, smoothed.</summary>
    public RateMeter Received { get; } = new();

    /// <summary>Requests that ended well and not, lately.</summary>
    public double Reliability { get; private set; } = 1;

    /// <summary>How its requests fare.</summary>
    public WorkerHealth Health { get; } = new();

    /// <summary>Disk used, GB, as the sum of what it reported.</summary>
    public double Disk { get; private set; }

    /// <summary>When it was last told to start, in seconds.</summary>
    public double StartedAt { get; private set; }

    /// <summary>Stored fields changed since the last save.</summary>
    public bool Dirty { get; set; }

    /// <summary>Whether it reports in time.</summary>
    public bool IsAlive(double now) => now - LastSeen <= (Ours ? _limits.OurSilence : _limits.OriginalSilence);

    /// <summary>Whether it may get new requests.</summary>
    public bool IsOpen(double now) => Phase == WorkerPhase.Idle && !SaysDraining && Row.Url is not null && Perf.Perf > 0 && IsAlive(now);

    /// <summary>Whether it was heard of a moment ago.</summary>
    public bool IsFresh(double now) => now - LastSeen <= _limits.OurSilence;

    /// <summary>What to tell it in answer to its report, see <c>WorkerCommands</c>.</summary>
    public string? Command()
    {
        if (Phase is WorkerPhase.Stopping or WorkerPhase.Updating or WorkerPhase.Rebooting or WorkerPhase.Destroying)
        {
            _toldToDrain = true;
            return WorkerCommands.Drain;
        }

        return _toldToDrain && SaysDraining && Phase == WorkerPhase.Idle ? WorkerCommands.Resume : null;
    }

    /// <summary>Whether it has nothing left to do after it was closed.</summary>
    public bool IsDrained(double now) =>
        _nothingToFinish || now - PhaseSince >= _limits.DrainTime || !IsAlive(now) || (now - PhaseSince >= _limits.DrainGrace && LastSeen > PhaseSince && Requests == 0 && Load <= 0);

    /// <summary>What routing sees of it, or null while it has no URL.</summary>
    public WorkerRoute? Route(double now) => Row.Url is not { } url ? null : new WorkerRoute
    {
        Id = Row.Id,
        Url = url,
        Perf = Perf.Perf * Health.Share(now),
        QueueLimit = QueueLimit,
        Open = IsOpen(now),
        Alive = IsAlive(now) && Phase is not (WorkerPhase.Stopped or WorkerPhase.Unavailable or WorkerPhase.Error),
    };

    /// <summary>Moves it to another state.</summary>
    public void Enter(WorkerPhase phase, double now)
    {
        if (phase == WorkerPhase.Idle)
        {
            (_closed, _closedBoot) = (false, null);
        }

        if (phase is WorkerPhase.Starting && Phase is WorkerPhase.Stopped or WorkerPhase.Rebooting or WorkerPhase.Updating)
        {
            StartedAt = now;
        }

        if (phase != Phase)
        {
            (Phase, PhaseSince, Dirty) = (phase, now, true);
            Row = Row with { Phase = phase.ToString() };
        }
    }

    /// <summary>Moves it to a state in which its present process finishes: what that process says about itself no longer counts.</summary>
    public void Leave(WorkerPhase phase, double now)
    {
        _nothingToFinish = Row.Url is null || Phase is WorkerPhase.Stopped or WorkerPhase.Error or WorkerPhase.Creating or WorkerPhase.Created or WorkerPhase.ModelLoading or WorkerPhase.Starting;
        (_closed, _closedBoot) = (true, _boot);
        Enter(phase, now);
    }

    /// <summary>A new process of its was started.</summary>
    public void Restarted()
    {
        (_closed, _toldToDrain, Requests, Load) = (false, false, 0, 0);
        Health.Forget();
    }

    /// <summary>It is broken.</summary>
    public void Break(string error, double now)
    {
        Change(r => r with { Error = error });
        Enter(WorkerPhase.Error, now);
    }

    /// <summary>Changes what is stored.</summary>
    public void Change(Func<WorkerRow, WorkerRow> change)
    {
        var changed = change(Row);
        Dirty |= changed != Row;
        Row = changed;
    }

    /// <summary>Takes its report in; false if it came late or twice.</summary>
    public bool Report(WorkerStatus status, double now, double unixNow)
    {
        // The same id may be used by our worker and then by the original's: what a report leaves out is not so.
        var extension = status.Extension;
        if (!_order.IsNews(extension?.BootId, extension?.Sequence ?? 0))
        {
            return false;
        }

        _boot = extension?.BootId;
        Ours = extension is not null;
        QueueLimit = extension?.MaxQueueTime is > 0 and { } limit ? limit : double.PositiveInfinity;
        SaysDraining = extension?.Draining == true;
        Perf.RunsAtOnce(extension is null ? null : extension.ParallelRequests ?? 1);
        LastSeen = now;
        Load = Math.Max(0, status.CurLoad ?? 0);
        Requests = (int)Math.Max(status.NumRequestsWorking ?? 0, status.WorkingRequestIdxs?.Count ?? 0);
        Served.Add(Math.Max(0, status.CurPerf ?? 0), now);
        Received.Add(Math.Max(0, status.NewLoad ?? 0), now);
        Disk += status.AdditionalDiskUsage ?? 0;
        if (Load > 0 || status.CurPerf > 0)
        {
            IdleSince = now;
        }

        if (!string.IsNullOrEmpty(status.Url))
        {
            Change(r => r with { Url = status.Url.TrimEnd('/') });
        }

        Perf.Benchmarked(status.MaxPerf ?? 0);
        Perf.Report(status.CurPerf ?? 0, Load, Requests, now);
        Follow(status, now, unixNow);
        return true;
    }

    /// <summary>A request of its ended.</summary>
    public void Ended(EndedWork work, double now)
    {
        Health.Ended(work, now);
        if (work.Kind is EndKind.Success or EndKind.Failed or EndKind.Unreached)
        {
            Reliability += ((work.Kind == EndKind.Success ? 1 : 0) - Reliability) * 0.05;
        }

        if (work.Kind == EndKind.Success)
        {
            Perf.Ended(work.Cost, work.StartedAt, work.CompletedAt, now);
        }
    }

    /// <summary>It as a list shows it.</summary>
    public WorkerView View(double now) => new()
    {
        Id = Row.Id,
        Status = Phase.Wire(),
        CurLoad = IsAlive(now) ? Load : 0, // what a dead worker last said is in no sum
        NewLoad = IsAlive(now) ? Received.PerSecond(now) : 0,
        CurLoadRollingAvg = IsAlive(now) ? Received.PerSecond(now) : 0,
        CurPerf = IsAlive(now) ? Served.PerSecond(now) : 0,
        Perf = Perf.Perf,
        MeasuredPerf = Perf.Benchmark,
        DlPerf = Perf.Benchmark,
        Reliability = Reliability,
        DiskUsage = Disk,
        LoadedAt = Row.LoadedAt,
        StartedAt = Row.CreatedAt,
        ReqsWorking = IsAlive(now) ? Requests : 0,
        Url = Row.Url,
        ErrorMsg = Row.Error ?? Health.Trouble(now),
        WorkergroupId = Row.WorkergroupId,
    };

    // The state that a report leads to.
    private void Follow(WorkerStatus status, double now, double unixNow)
    {
        if (!string.IsNullOrEmpty(status.ErrorMsg))
        {
            if (Phase is not (WorkerPhase.Destroying or WorkerPhase.Stopping or WorkerPhase.Stopped or WorkerPhase.Rebooting or WorkerPhase.Updating) && !StillOld(status))
            {
                Break(status.ErrorMsg, now);
            }

            return;
        }

        if (StillOld(status))
        {
            return;
        }

        var ready = status.Loadtime > 0 && status.MaxPerf > 0;
        if (ready && (Phase is WorkerPhase.Unavailable or WorkerPhase.Error or WorkerPhase.Stopped || Phase.IsComing()))
        {
            Change(r => r with { LoadedAt = unixNow, MeasuredPerf = Perf.Benchmark, Perf = Perf.Perf, Error = null, Reboots = 0 });
            Enter(WorkerPhase.Idle, now);
            IdleSince = now;
        }
        else if (!ready && Phase is WorkerPhase.Creating or WorkerPhase.Created or WorkerPhase.Unavailable or WorkerPhase.Idle or WorkerPhase.Stopped or WorkerPhase.Error)
        {
            Enter(Row.LoadedAt > 0 ? WorkerPhase.Starting : WorkerPhase.ModelLoading, now);
        }
    }

    // While it is being restarted, its old process may still say that it is ready.
    private bool StillOld(WorkerStatus status) => status.Extension?.BootId is { } boot ? boot == _closedBoot && Phase != WorkerPhase.Idle : _closed && Phase != WorkerPhase.Idle;
}
