using ComfyServe.Contracts.Serverless;
using ComfyServe.Worker.Benchmark;

namespace ComfyServe.Worker.Admission;

/// <summary>
/// Counts the load that is here, was served, refused and cancelled, and keeps the news of ended requests until the gateway
/// has them. Decides whether another request may enter. Thread-safe.
/// </summary>
internal sealed class LoadLedger(WorkerOptions options, Score score, TimeProvider time)
{
    private const double LeastPerf = 1e-5;
    private const int MostNews = 10_000;
    private readonly Lock _gate = new(); // guards everything below
    private readonly HashSet<LoadEntry> _entries = [];
    private readonly List<EndedRequest> _ended = [];
    private double _received;
    private double _rejected;
    private double _served;

    /// <summary>Beats when there is news for the gateway.</summary>
    public Pulse News { get; } = new(time);

    /// <summary>Requests and sessions here now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Expected seconds until what is here is done; sessions and what belongs to them do not count.</summary>
    public double WaitTime
    {
        get
        {
            lock (_gate)
            {
                return Wait();
            }
        }
    }

    /// <summary>Takes a request or session in; null, and noted as refused, when what is here already takes too long.</summary>
    public LoadEntry? TryEnter(long requestIdx, double cost, LoadKind kind)
    {
        lock (_gate)
        {
            if (kind == LoadKind.Session || (_entries.Count < options.MaxRequests && Wait() <= options.MaxQueueTime))
            {
                var entry = new LoadEntry { RequestIdx = requestIdx, Cost = cost, Kind = kind, EnteredAt = Now() };
                _entries.Add(entry);
                _received += cost;
                return entry;
            }
        }

        Reject(requestIdx, cost, kind);
        return null;
    }

    /// <summary>A request's work begins.</summary>
    public void Start(LoadEntry entry)
    {
        lock (_gate)
        {
            entry.StartedAt = Now();
        }
    }

    /// <summary>A request whose ticket is good was refused: draining, or too much here.</summary>
    public void Reject(long requestIdx, double cost, LoadKind kind)
    {
        lock (_gate)
        {
            _rejected += cost;
            if (kind == LoadKind.Request)
            {
                Tell(new EndedRequest { RequestIdx = requestIdx, Success = false, Status = EndedStatus.Rejected, EnteredQueueAt = Now() });
            }
        }

        News.Beat();
    }

    /// <summary>A request or session ended.</summary>
    public void End(LoadEntry entry, WorkOutcome outcome)
    {
        lock (_gate)
        {
            if (!_entries.Remove(entry))
            {
                return;
            }

            _served += outcome == WorkOutcome.Served ? entry.Cost : 0;
            _received -= outcome == WorkOutcome.Cancelled ? entry.Cost : 0;
            if (entry.Kind != LoadKind.SessionRequest)
            {
                Tell(Ended(entry, outcome));
            }
        }

        News.Beat();
    }

    /// <summary>What there is to report.</summary>
    public LoadTotals Totals()
    {
        lock (_gate)
        {
            return new LoadTotals
            {
                Pending = Load(static e => e.Kind == LoadKind.Request) + Math.Min(Load(static e => e.Kind != LoadKind.Request), SessionRoom()),
                Received = _received,
                Rejected = _rejected,
                Served = _served,
                Working = [.. _entries.Where(static e => e.Kind != LoadKind.SessionRequest).Select(static e => e.RequestIdx)],
                Sessions = [.. _entries.Where(static e => e.Kind == LoadKind.Session).Select(static e => e.RequestIdx)],
            };
        }
    }

    /// <summary>A report was accepted: its amounts are told.</summary>
    public void Reported(LoadTotals told)
    {
        lock (_gate)
        {
            (_received, _rejected, _served) = (_received - told.Received, _rejected - told.Rejected, _served - told.Served);
        }
    }

    /// <summary>The ended requests that the gateway has not been told of.</summary>
    public IReadOnlyList<EndedRequest> Ended()
    {
        lock (_gate)
        {
            return [.. _ended];
        }
    }

    /// <summary>The gateway has these.</summary>
    public void Told(IReadOnlyList<EndedRequest> news)
    {
        lock (_gate)
        {
            // Those at the front, unless some were dropped meanwhile because there were too many.
            var told = new HashSet<EndedRequest>(news, ReferenceEqualityComparer.Instance);
            _ended.RemoveAll(told.Contains);
        }
    }

    private EndedRequest Ended(LoadEntry entry, WorkOutcome outcome) => new()
    {
        RequestIdx = entry.RequestIdx,
        Success = outcome != WorkOutcome.Broken,
        Status = outcome switch
        {
            WorkOutcome.Served or WorkOutcome.Answered => EndedStatus.Success,
            WorkOutcome.Cancelled => EndedStatus.Cancelled,
            _ => EndedStatus.Error,
        },
        HttpStatus = entry.Answer.Status == 0 ? null : entry.Answer.Status,
        JobId = entry.Answer.JobId,
        Reason = entry.Answer.Reason,
        EnteredQueueAt = entry.EnteredAt,
        WorkStartedAt = entry.StartedAt,

        // Only of work that was done: a workflow that fails at once must not look like a fast machine.
        WorkCompletedAt = outcome == WorkOutcome.Served ? Now() : 0,
    };

    // When the gateway is away for long, the oldest news goes: it forgets such requests by itself.
    private void Tell(EndedRequest news)
    {
        if (_ended.Count >= MostNews)
        {
            _ended.RemoveRange(0, MostNews / 10);
        }

        _ended.Add(news);
    }

    private double Wait() => Load(static e => e.Kind == LoadKind.Request) / Math.Max(score.Perf, LeastPerf);

    private double Load(Func<LoadEntry, bool> which) => _entries.Where(which).Sum(static e => e.Cost);

    // Sessions keep a place for what they may still send: whatever they claim, half of what fits into the queue stays for others.
    private double SessionRoom() => options.MaxQueueTime * score.Perf / 2;

    private double Now() => time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
}
