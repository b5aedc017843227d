using ComfyServe.Autoscaling;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Routing;
using ComfyServe.Gateway.Storage;
using Microsoft.Extensions.Time.Testing;

namespace ComfyServe.Gateway.Tests.Routing;

/// <summary>
/// The real router and the real endpoint owner with workers of chosen speeds, in a time of their own: workers serve one request at a
/// time, report each second, and tell the ends of requests, as our own workers do.
/// </summary>
internal sealed class VirtualFleet
{
    private const double Step = 0.001;
    private readonly EndpointCore _core;
    private readonly EndpointRouter _router = new(new RequestIndexes(0, new byte[16]).Next, new RouterLimits());
    private readonly List<VirtualWorker> _workers = [];
    private readonly Queue<(RouteWaiter Call, double Cost)> _waiting = new();
    private long _ticks;
    private double _nextReport;

    public VirtualFleet(double maxQueueTime, params double[] perfs)
    {
        var row = new EndpointRow { Id = 1, Name = "e", State = EndpointState.Active, Parameters = new ScalingParameters { MaxQueueTime = maxQueueTime }, CreatedAt = 0 };
        _core = new EndpointCore(row, new LivenessLimits(), new DecisionLog(new FakeTimeProvider()));
        for (var i = 0; i < perfs.Length; i++)
        {
            _workers.Add(new VirtualWorker(i + 1, perfs[i]));
            _core.Add(new WorkerRow { Id = i + 1, EndpointId = 1, Phase = "Created" }, 0);
        }

        Report();
    }

    public double Now => _ticks * Step;

    public IReadOnlyList<VirtualWorker> Workers => _workers;

    public int Waiting => _waiting.Count;

    /// <summary>A new request: it goes to a worker or waits at the gateway.</summary>
    public void Request(double cost)
    {
        var outcome = _router.Route(new RouteCall(0, cost, 1_000_000_000, 60_000), Milliseconds, out var held);
        if (held is null)
        {
            Give(outcome, cost);
        }
        else
        {
            _waiting.Enqueue((held, cost));
        }
    }

    /// <summary>Lets time pass, one millisecond after another.</summary>
    public void Pass(double seconds, Action? each = null)
    {
        for (var end = Now + seconds; Now < end - (Step / 2);)
        {
            _ticks++;
            each?.Invoke();
            foreach (var worker in _workers)
            {
                while (worker.Finish(Now) is { } done)
                {
                    var work = new EndedWork { RequestIdx = done.Idx, WorkerId = worker.Id, Kind = EndKind.Success, StartedAt = done.StartedAt, CompletedAt = Now, Cost = done.Cost };
                    if (_router.End(work, Milliseconds) is { } known)
                    {
                        _core.Ended([known], Now);
                    }
                }
            }

            if (_ticks % 100 == 0)
            {
                _router.Tick(Milliseconds);
            }

            if (Now >= _nextReport)
            {
                Report();
            }

            while (_waiting.TryPeek(out var first) && first.Call.Answer.IsCompletedSuccessfully)
            {
                _waiting.Dequeue();
#pragma warning disable VSTHRD002 // It has completed.
                Give(first.Call.Answer.Result, first.Cost);
#pragma warning restore VSTHRD002
            }
        }
    }

    private long Milliseconds => 1_000_000 + _ticks;

    private void Give(RouteOutcome outcome, double cost) =>
        _workers[(int)outcome.Worker!.Id - 1].Take(new VirtualRequest { Idx = outcome.RequestIdx, Cost = cost }, Now);

    private void Report()
    {
        _nextReport = Now + 1;
        foreach (var worker in _workers)
        {
            var status = worker.Status();
            _router.Report(new WorkerReport(worker.Id, status.CurLoad!.Value, status.WorkingRequestIdxs), Milliseconds);
            _core.Report(status, Now, Now);
        }

        _core.Tick(Now);
        _router.Apply(_core.Snapshot, Milliseconds);
    }
}
