using CsCheck;

namespace ComfyServe.Autoscaling.Tests;

public sealed class AutoscalerTests
{
    private readonly Autoscaler _autoscaler = new(new ScalingHabits());

    private static DemandSnapshot NoDemand { get; } = new() { Load = 0, LastingLoad = 0, ColdLoad = 0 };

    private static ScalingParameters ToZero { get; } = new() { MinLoad = 0, ColdWorkers = 0, ColdMult = 0 };

    [Fact]
    public void Decide_NewEndpointWithDefaults_RecruitsColdWorkers()
    {
        var plan = _autoscaler.Decide(Fleet(new ScalingParameters(), NoDemand));

        Assert.Equal(5, plan.Actions.Count);
        Assert.All(plan.Actions, a => Assert.Equal(ScaleActionKind.Recruit, a.Kind));
    }

    [Fact]
    public void Decide_DefaultsAndFiveReadyWorkers_KeepsOneActive()
    {
        var plan = _autoscaler.Decide(Fleet(new ScalingParameters(), NoDemand, Ready(1, 10), Ready(2, 20), Ready(3, 30), Ready(4, 40), Ready(5, 50)));

        Assert.Equal([1, 2, 3, 4], plan.Actions.Select(a => a.WorkerId));
        Assert.All(plan.Actions, a => Assert.Equal(ScaleActionKind.Stop, a.Kind));
    }

    [Fact]
    public void Decide_LoadAboveActive_StartsTheFastestStoppedWorkersFirst()
    {
        var demand = NoDemand with { Load = 50, LastingLoad = 50, ColdLoad = 50 };

        var plan = _autoscaler.Decide(Fleet(ToZero, demand, Ready(1, 30), Stopped(2, 10), Stopped(3, 40), Stopped(4, 20)));

        Assert.Equal((ScaleActionKind.Start, 3), (plan.Actions[0].Kind, plan.Actions[0].WorkerId));
        Assert.DoesNotContain(plan.Actions, a => a.Kind == ScaleActionKind.Recruit);
    }

    [Fact]
    public void Decide_EnoughIsComing_DoesNothingTwice()
    {
        var demand = NoDemand with { Load = 50, LastingLoad = 50, ColdLoad = 50 };

        var plan = _autoscaler.Decide(Fleet(ToZero, demand, Coming(1, 50), Coming(2, 50)));

        Assert.Empty(plan.Actions);
    }

    [Fact]
    public void Decide_OneRequestWaits_StartsOneWorkerNotTen()
    {
        var demand = NoDemand with { Load = 10, LastingLoad = 1.6, Queued = 100, QueuedRequests = 1 };

        var plan = _autoscaler.Decide(Fleet(ToZero, demand, [.. Enumerable.Range(1, 10).Select(i => Stopped(i, 20))]));

        Assert.Single(plan.Actions, a => a.Kind == ScaleActionKind.Start);
    }

    [Fact]
    public void Decide_LongQueue_StartsAsManyAsWorkItOffInTheTarget()
    {
        var demand = NoDemand with { Queued = 5000, QueuedRequests = 50 };

        var plan = _autoscaler.Decide(Fleet(ToZero with { TargetQueueTime = 50 }, demand, [.. Enumerable.Range(1, 15).Select(i => Stopped(i, 10))]));

        Assert.Equal(10, plan.Actions.Count(a => a.Kind == ScaleActionKind.Start));
    }

    [Fact]
    public void Decide_Surplus_NeverStopsAWorkerWithRequests()
    {
        var plan = _autoscaler.Decide(Fleet(ToZero, NoDemand, Ready(1, 10) with { Requests = 1, Idle = 0 }, Ready(2, 10)));

        Assert.Equal([2], plan.Actions.Where(a => a.Kind == ScaleActionKind.Stop).Select(a => a.WorkerId));
    }

    [Fact]
    public void Decide_ShortlyIdle_IsKept()
    {
        var plan = _autoscaler.Decide(Fleet(ToZero, NoDemand with { LastingLoad = 1, Load = 1 }, Ready(1, 10) with { Idle = 5 }, Ready(2, 10) with { Idle = 5 }, Ready(3, 10) with { Idle = 5 }));

        Assert.DoesNotContain(plan.Actions, a => a.Kind == ScaleActionKind.Stop);
    }

    [Theory]
    [InlineData(60.0, 61, true)]
    [InlineData(60.0, 59, false)]
    [InlineData(-1.0, 100_000, false)]
    [InlineData(0.0, 40, true)]
    [InlineData(null, 40, true)]
    public void Decide_NoLoad_ScalesToZeroWhenTheTimeoutAllows(double? timeout, double idle, bool stops)
    {
        var demand = NoDemand with { Idle = idle };

        var plan = _autoscaler.Decide(Fleet(ToZero with { InactivityTimeout = timeout }, demand, Ready(1, 10)));

        Assert.Equal(stops, plan.Actions.Any(a => a.Kind == ScaleActionKind.Stop));
    }

    [Fact]
    public void Decide_IdleForTheTimeout_RemovesStoppedWorkersToo()
    {
        var plan = _autoscaler.Decide(Fleet(ToZero with { InactivityTimeout = 60 }, NoDemand with { Idle = 61, ColdLoad = 1000 }, Stopped(1, 10), Stopped(2, 10)));

        Assert.All(plan.Actions, a => Assert.Equal(ScaleActionKind.Destroy, a.Kind));
        Assert.Equal(2, plan.Actions.Count);
    }

    [Fact]
    public void Decide_MaxWorkersReached_RecruitsNoMoreAndRemovesWhatIsTooMuch()
    {
        var demand = NoDemand with { Load = 1000, LastingLoad = 1000, ColdLoad = 1000 };

        var plan = _autoscaler.Decide(Fleet(ToZero with { MaxWorkers = 2 }, demand, Ready(1, 10) with { Requests = 1 }, Ready(2, 10) with { Requests = 1 }, Stopped(3, 10)));

        Assert.DoesNotContain(plan.Actions, a => a.Kind == ScaleActionKind.Recruit);
        Assert.InRange(plan.Actions.Count(a => a.Kind == ScaleActionKind.Destroy), 1, 1);
    }

    [Fact]
    public void Decide_Suspended_TouchesNothing()
    {
        var plan = _autoscaler.Decide(Fleet(new ScalingParameters(), NoDemand with { Load = 1000 }, Ready(1, 1), Broken(2, 0)) with { State = EndpointState.Suspended });

        Assert.Empty(plan.Actions);
    }

    [Fact]
    public void Decide_Stopped_StopsAllEvenBusyOnesAndStartsNone()
    {
        var plan = _autoscaler.Decide(Fleet(new ScalingParameters(), NoDemand with { Load = 1000 }, Ready(1, 1) with { Requests = 3 }, Stopped(2, 1), Coming(3, 1)) with { State = EndpointState.Stopped });

        Assert.Equal([1, 3], plan.Actions.Select(a => a.WorkerId).Order());
        Assert.All(plan.Actions, a => Assert.Equal(ScaleActionKind.Stop, a.Kind));
    }

    [Theory]
    [InlineData(0, ScaleActionKind.Reboot)]
    [InlineData(1, ScaleActionKind.Destroy)]
    public void Decide_Broken_IsRestartedOnceThenReplaced(int reboots, ScaleActionKind expected)
    {
        var plan = _autoscaler.Decide(Fleet(ToZero, NoDemand, Broken(1, reboots)));

        Assert.Equal(expected, Assert.Single(plan.Actions).Kind);
    }

    [Fact]
    public void Decide_WorkersThatRegisteredThemselves_AreCountedButNeverTouched()
    {
        var own = Ready(1, 100) with { GroupId = null };

        var plan = _autoscaler.Decide(Fleet(new ScalingParameters { ColdWorkers = 1 }, NoDemand, own, own with { Id = 2 }, Broken(3, 0) with { GroupId = null }));

        Assert.Empty(plan.Actions);
    }

    [Fact]
    public void Decide_NoRoom_RecruitsAsManyAsFit()
    {
        var fleet = Fleet(new ScalingParameters(), NoDemand) with { Groups = [new GroupSnapshot { Id = 1, Room = 2 }] };

        Assert.Equal(2, _autoscaler.Decide(fleet).Actions.Count);
    }

    [Fact]
    public void Decide_UpdateWithStoppedWorkers_UpdatesThoseFirstThenOneActiveAtATime()
    {
        var demand = NoDemand with { Load = 15, LastingLoad = 15, ColdLoad = 15 };

        var plan = _autoscaler.Decide(Fleet(
            new ScalingParameters { ColdWorkers = 4 }, demand,
            Ready(1, 10) with { Outdated = true }, Ready(2, 10) with { Outdated = true }, Ready(3, 10) with { Outdated = true }, Stopped(4, 10) with { Outdated = true }));

        Assert.Equal((ScaleActionKind.Update, 4), (plan.Actions[0].Kind, plan.Actions[0].WorkerId));
        Assert.Equal(1, plan.Actions.Count(a => a.Kind == ScaleActionKind.Update && a.WorkerId != 4));
        Assert.DoesNotContain(plan.Actions, a => a.Kind is ScaleActionKind.Stop or ScaleActionKind.Destroy);
    }

    [Fact]
    public void Decide_UpdateOfTheOnlyWorker_RecruitsAnotherFirst()
    {
        var plan = _autoscaler.Decide(Fleet(new ScalingParameters { ColdWorkers = 1 }, NoDemand, Ready(1, 10) with { Outdated = true }));

        Assert.Equal(ScaleActionKind.Recruit, Assert.Single(plan.Actions).Kind);
    }

    [Fact]
    public void Decide_UpdateOfTheOnlyWorkerAtTheLimit_DrainsIt()
    {
        var plan = _autoscaler.Decide(Fleet(new ScalingParameters { ColdWorkers = 1, MaxWorkers = 1 }, NoDemand, Ready(1, 10) with { Outdated = true }));

        Assert.Equal(ScaleActionKind.Update, Assert.Single(plan.Actions).Kind);
    }

    [Fact]
    public void Decide_FinishingWorkerIsNeededAgain_Resumes()
    {
        var demand = NoDemand with { Load = 5, LastingLoad = 5, ColdLoad = 5 };

        var plan = _autoscaler.Decide(Fleet(ToZero, demand, Ready(1, 10) with { Phase = WorkerPhase.Stopping }, Stopped(2, 10)));

        Assert.Equal((ScaleActionKind.Resume, 1), (plan.Actions[0].Kind, plan.Actions[0].WorkerId));
    }

    [Fact]
    public void Decide_AnyFleet_NeverTouchesAWorkerTwiceNorExceedsTheLimit()
    {
        var worker = Gen.Select(
            Gen.Enum<WorkerPhase>(), Gen.Double[0, 50], Gen.Int[0, 2], Gen.Int[0, 2], Gen.Bool,
            (phase, perf, requests, reboots, outdated) => new WorkerSnapshot { Id = 0, GroupId = 1, Phase = phase, Perf = perf, Requests = requests, Reboots = reboots, Outdated = outdated, Idle = 1000 });
        var fleets = Gen.Select(
            worker.Array[0, 12], Gen.Double[0, 500], Gen.Int[0, 50], Gen.Int[0, 12], Gen.Double[-1, 100],
            (workers, load, queued, max, timeout) => Fleet(
                new ScalingParameters { MaxWorkers = max, MinLoad = 0, InactivityTimeout = timeout },
                NoDemand with { Load = load, LastingLoad = load, Queued = queued * 100, QueuedRequests = queued, Idle = queued > 0 ? 0 : 50 },
                [.. workers.Select((w, i) => w with { Id = i + 1 })]));

        fleets.Sample(fleet =>
        {
            var plan = _autoscaler.Decide(fleet);
            var touched = plan.Actions.Where(a => a.WorkerId != 0).Select(a => a.WorkerId).ToList();
            Assert.Equal(touched.Count, touched.Distinct().Count());
            var staying = fleet.Workers.Count(w => !w.Phase.IsLeaving()) - plan.Actions.Count(a => a.Kind == ScaleActionKind.Destroy);
            var recruited = plan.Actions.Count(a => a.Kind == ScaleActionKind.Recruit);
            Assert.True(recruited == 0 || staying + recruited <= fleet.Parameters.MaxWorkers);
            Assert.DoesNotContain(plan.Actions, a => a.Kind == ScaleActionKind.Stop && fleet.Workers.Single(w => w.Id == a.WorkerId).Requests > 0);
            Assert.All(plan.Actions, a => Assert.NotEmpty(a.Reason));
        });
    }

    private static FleetSnapshot Fleet(ScalingParameters parameters, DemandSnapshot demand, params WorkerSnapshot[] workers) => new()
    {
        Parameters = parameters,
        Demand = demand,
        Workers = workers,
        Groups = [new GroupSnapshot { Id = 1, Room = 100 }],
        StartTime = 30,
    };

    private static WorkerSnapshot Ready(long id, double perf) => new() { Id = id, GroupId = 1, Phase = WorkerPhase.Idle, Perf = perf, Idle = 1000 };

    private static WorkerSnapshot Stopped(long id, double perf) => Ready(id, perf) with { Phase = WorkerPhase.Stopped };

    private static WorkerSnapshot Coming(long id, double perf) => Ready(id, perf) with { Phase = WorkerPhase.Starting };

    private static WorkerSnapshot Broken(long id, int reboots) => Ready(id, 10) with { Phase = WorkerPhase.Error, Reboots = reboots };
}
