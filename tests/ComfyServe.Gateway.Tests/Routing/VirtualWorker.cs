using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Gateway.Tests.Routing;

/// <summary>A worker in virtual time: one request after another at a speed that can be changed; its benchmark stays.</summary>
internal sealed class VirtualWorker(long id, double perf)
{
    private readonly Queue<VirtualRequest> _queue = new();
    private double _left;
    private double _last;
    private double _servedSinceReport;
    private double _receivedSinceReport;
    private long _sequence;

    public long Id => id;

    public double Perf { get; } = perf;

    public double Speed { get; set; } = perf;

    /// <summary>Load served so far.</summary>
    public double Served { get; private set; }

    /// <summary>Load given to it so far.</summary>
    public double Given { get; private set; }

    public double Pending { get; private set; }

    public int Requests => _queue.Count;

    public void Take(VirtualRequest request, double now)
    {
        if (_queue.Count == 0)
        {
            (request.StartedAt, _left, _last) = (now, request.Cost, now);
        }

        _queue.Enqueue(request);
        Given += request.Cost;
        Pending += request.Cost;
        _receivedSinceReport += request.Cost;
    }

    /// <summary>Works on; gives a request that is done, and begins the next.</summary>
    public VirtualRequest? Finish(double now)
    {
        if (_queue.Count == 0)
        {
            return null;
        }

        _left -= (now - _last) * Speed;
        _last = now;
        if (_left > 1e-9)
        {
            return null;
        }

        var done = _queue.Dequeue();
        Served += done.Cost;
        Pending -= done.Cost;
        _servedSinceReport += done.Cost;
        if (_queue.TryPeek(out var next))
        {
            next.StartedAt = now;
            _left += next.Cost;
        }

        return done;
    }

    public WorkerStatus Status()
    {
        var status = new WorkerStatus
        {
            Id = id,
            Loadtime = 1,
            MaxPerf = Perf,
            CurLoad = Pending,
            CurPerf = _servedSinceReport,
            NewLoad = _receivedSinceReport,
            NumRequestsWorking = _queue.Count,
            WorkingRequestIdxs = [.. _queue.Select(r => r.Idx)],
            Url = $"http://w{id}",
            Extension = new WorkerStatusExtension { BootId = "b", Sequence = ++_sequence },
        };
        (_servedSinceReport, _receivedSinceReport) = (0, 0);
        return status;
    }
}
