using ComfyServe.Gateway.Routing;

namespace ComfyServe.Gateway.Tests.Routing;

/// <summary>A router with workers, in a time that the test owns.</summary>
internal sealed class RouterBench
{
    private readonly List<WorkerRoute> _workers = [];
    private long _version;

    // Unused tickets hold their load for long here: most tests give tickets and look at what waits behind them.
    public RouterBench(params double[] perfs)
        : this(new RouterLimits { AssignmentLife = 30_000 }, perfs)
    {
    }

    public RouterBench(RouterLimits limits, params double[] perfs)
    {
        Router = new EndpointRouter(Indexes.Next, limits);
        for (var i = 0; i < perfs.Length; i++)
        {
            _workers.Add(new WorkerRoute { Id = i + 1, Url = $"http://w{i + 1}", Perf = perfs[i], Open = true, Alive = true });
        }

        Push();
    }

    public RequestIndexes Indexes { get; } = new(0, new byte[16]);

    public EndpointRouter Router { get; }

    public long Now { get; private set; } = 1_000_000;

    public double MaxQueueTime { get; set; } = 30;

    public void Change(long id, Func<WorkerRoute, WorkerRoute> change)
    {
        var at = _workers.FindIndex(w => w.Id == id);
        _workers[at] = change(_workers[at]);
        Push();
    }

    public void Remove(long id)
    {
        _workers.RemoveAll(w => w.Id == id);
        Push();
    }

    public void Push() => Router.Apply(
        new EndpointSnapshot { Version = ++_version, MaxQueueTime = MaxQueueTime, Summary = "test", Workers = [.. _workers] }, Now);

    /// <summary>A call that is not held.</summary>
    public RouteOutcome Ask(long idx = 0, double cost = 100, bool trusted = false, string key = "") =>
        Router.Route(new RouteCall(idx, cost, 0, 60_000, trusted, Key: key), Now, out _);

    /// <summary>A call that may be held.</summary>
    public RouteWaiter? Hold(long idx, out RouteOutcome outcome, double cost = 100)
    {
        outcome = Router.Route(new RouteCall(idx, cost, 8_000, 60_000), Now, out var held);
        return held;
    }

    public RouteOutcome? Hold(long idx = 0, double cost = 100)
    {
        var held = Hold(idx, out var outcome, cost);
        return held is null ? outcome : Answer(held);
    }

    public static RouteOutcome? Answer(RouteWaiter held) => held.Answer.IsCompletedSuccessfully
#pragma warning disable VSTHRD002 // It has completed.
        ? held.Answer.Result
#pragma warning restore VSTHRD002
        : null;

    public void Pass(long milliseconds)
    {
        for (var end = Now + milliseconds; Now < end;)
        {
            Now = Math.Min(end, Now + 100);
            Router.Tick(Now);
        }
    }

    public EndedWork? End(long idx, long worker, EndKind kind = EndKind.Success) =>
        Router.End(new EndedWork { RequestIdx = idx, WorkerId = worker, Kind = kind }, Now);

    public void Report(long worker, double load, params long[] working) => Router.Report(new WorkerReport(worker, load, working), Now);
}
