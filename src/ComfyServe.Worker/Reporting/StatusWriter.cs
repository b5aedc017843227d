using ComfyServe.Contracts.Serverless;
using ComfyServe.Worker.Admission;
using ComfyServe.Worker.Benchmark;
using ComfyServe.Worker.Tickets;

namespace ComfyServe.Worker.Reporting;

/// <summary>Puts a report together.</summary>
internal sealed class StatusWriter(WorkerOptions options, LoadLedger ledger, Readiness readiness, Score score, TicketNumbers numbers, WorkerAddress address)
{
    /// <summary>The version of the original whose protocol this is.</summary>
    public const string ProtocolVersion = "1.1.0";

    private readonly DiskUsage _disk = new();
    private readonly string _bootId = Guid.NewGuid().ToString("N");
    private long _sequence;

    /// <summary>The worker's report now.</summary>
    /// <param name="totals">The amounts in it; see <see cref="LoadLedger.Reported"/>.</param>
    public WorkerStatus Write(LoadTotals totals) => new()
    {
        Id = options.Id,
        Mtoken = options.Mtoken,
        Version = ProtocolVersion,
        Loadtime = readiness.LoadTime,
        CurLoad = totals.Pending,
        RejLoad = totals.Rejected,
        NewLoad = Math.Max(0, totals.Received),
        ErrorMsg = readiness.Error,
        MaxPerf = readiness.IsReady ? score.Benchmark : 0,
        CurPerf = totals.Served,
        CurCapacity = 0,
        MaxCapacity = 0,
        NumRequestsWorking = totals.Working.Count,
        NumRequestsReceived = numbers.Count,
        AdditionalDiskUsage = _disk.Change(),
        WorkingRequestIdxs = totals.Working,
        Url = address.Url,
        Extension = new WorkerStatusExtension
        {
            BootId = _bootId,
            Sequence = ++_sequence,
            MaxQueueTime = options.MaxQueueTime,
            ParallelRequests = options.ParallelRequests,
            Draining = readiness.IsDraining,
            SessionRequestIdxs = totals.Sessions.Count == 0 ? null : totals.Sessions,
            TemplateVersion = options.TemplateVersion,
            Perf = readiness.IsReady ? score.Perf : null,
        },
    };

    /// <summary>The amounts for the next report.</summary>
    public LoadTotals Totals() => ledger.Totals();
}
