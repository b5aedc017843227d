using ComfyServe.Autoscaling;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Routing;
using ComfyServe.Gateway.Storage;
using Microsoft.Extensions.Time.Testing;

namespace ComfyServe.Gateway.Tests.Endpoints;

public sealed class EndpointCoreTests
{
    [Fact]
    public void Ended_AnsweredWith422_IsNoSuccessInTheLogAndHasTheJob()
    {
        var core = New();

        core.Ended([new EndedWork { RequestIdx = 7, WorkerId = 1, Kind = EndKind.Success, Status = 422, JobId = "job-9" }, Success(8)], 1);

        Assert.Contains("request 7 at worker 1: refused, HTTP 422, job 'job-9'", core.Log.Read(null).Trace, StringComparison.Ordinal);
        Assert.Contains("request 8 at worker 1: success", core.Log.Read(null).Trace, StringComparison.Ordinal);
        Assert.False(core.Workers[1].Health.IsInTrouble(1));
    }

    [Fact]
    public void Ended_ReportsWellButDropsItsConnections_GetsLessIsShownWithTheCauseAndComesBack()
    {
        var core = New();
        core.Refresh(0);
        for (var i = 0; i < 6; i++)
        {
            core.Ended([new EndedWork { RequestIdx = i, WorkerId = 1, Kind = EndKind.Unreached, Reason = "it dropped a request: ResponseEnded" }], 1);
        }

        Assert.InRange(core.Snapshot.Workers.Single().Perf, 5, 30);
        Assert.Contains("it dropped a request: ResponseEnded", core.Views(null, 1).Single().ErrorMsg, StringComparison.Ordinal);
        Assert.Contains("worker 1 gets fewer requests: ", core.Log.Read(null).Info0, StringComparison.Ordinal);

        for (var i = 0; i < 12; i++)
        {
            core.Ended([Success(i)], 2);
        }

        Assert.Equal(100, core.Snapshot.Workers.Single().Perf, 1);
        Assert.Null(core.Views(null, 2).Single().ErrorMsg);
        Assert.Contains("worker 1 serves well again", core.Log.Read(null).Info0, StringComparison.Ordinal);
    }

    [Fact]
    public void Overview_WorkersOfAGroupBreak_ShowsItsLastErrorAndPauseUntilOneComesUp()
    {
        var core = New();
        core.Configure(core.Row, [new WorkergroupRow { Id = 3, EndpointId = core.Row.Id, Parameters = new WorkergroupParameters { Provider = "process" }, CreatedAt = 0 }], 0);

        core.Scaling.Failed(3, "worker 1: its process has ended", 10);
        core.Scaling.Failed(3, "worker 2: no such program", 20);
        var broken = Assert.Single(core.Overview(22).Workergroups);
        core.Scaling.CameUp(3, isNew: true, seconds: 5);
        var well = Assert.Single(core.Overview(23).Workergroups);

        Assert.Equal(("worker 2: no such program", 8), (broken.Error, broken.PausedSeconds));
        Assert.Equal((null, 0), (well.Error, well.PausedSeconds));
    }

    [Fact]
    public void Ended_FailuresLongAgo_AreForgiven()
    {
        var core = New();
        for (var i = 0; i < 20; i++)
        {
            core.Ended([new EndedWork { RequestIdx = i, WorkerId = 1, Kind = EndKind.Failed, Status = 503 }], 1);
        }

        Assert.True(core.Workers[1].Health.Share(1) <= 0.05);
        Assert.Equal(1, core.Workers[1].Health.Share(301));
    }

    [Fact]
    public void Views_WorkerIsSilent_IsInNoSum()
    {
        var core = New();
        core.Report(Status() with { CurLoad = 300, NumRequestsWorking = 3, NewLoad = 300 }, 1, 1);

        var (alive, dead) = (core.Views(null, 2).Single(), core.Views(null, 10).Single());

        Assert.Equal((300, 3), (alive.CurLoad, alive.ReqsWorking));
        Assert.Equal((0, 0, 0), (dead.CurLoad, dead.ReqsWorking, dead.CurPerf));
    }

    private static EndedWork Success(long idx) => new() { RequestIdx = idx, WorkerId = 1, Kind = EndKind.Success, Status = 200 };

    private static WorkerStatus Status() => new() { Id = 1, Url = "http://w", Loadtime = 5, MaxPerf = 100, Extension = new WorkerStatusExtension { ParallelRequests = 1 } };

    // An endpoint with one ready worker of ours.
    private static EndpointCore New()
    {
        var row = new EndpointRow { Id = 1, Name = "e", State = EndpointState.Active, Parameters = new ScalingParameters(), CreatedAt = 0 };
        var core = new EndpointCore(row, new LivenessLimits(), new DecisionLog(new FakeTimeProvider()));
        core.Add(new WorkerRow { Id = 1, EndpointId = 1, Phase = "Created" }, 0);
        core.Report(Status(), 0, 0);
        return core;
    }

    [Fact]
    public void KeepChanges_StoreWasAway_TheyAreThereTheNextTime()
    {
        var row = new EndpointRow { Id = 1, Name = "e", State = EndpointState.Active, Parameters = new ScalingParameters(), CreatedAt = 0 };
        var core = new EndpointCore(row, new LivenessLimits(), new DecisionLog(new FakeTimeProvider()));
        core.Add(new WorkerRow { Id = 1, EndpointId = 1, Phase = "Created" }, 0);
        core.Add(new WorkerRow { Id = 2, EndpointId = 1, Phase = "Created" }, 0);
        core.Remove(2, 0);
        var (saved, removed) = core.TakeChanges();

        core.KeepChanges(saved, removed);

        var again = core.TakeChanges();
        Assert.Equal([1], again.Saved.Select(r => r.Id));
        Assert.Equal([2], again.Removed);
        Assert.Empty(core.TakeChanges().Removed);
    }
}
