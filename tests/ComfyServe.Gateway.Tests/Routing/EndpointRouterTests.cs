using ComfyServe.Gateway.Routing;

namespace ComfyServe.Gateway.Tests.Routing;

public sealed class EndpointRouterTests
{
    [Fact]
    public void Route_IdleWorkers_PicksTheFastest()
    {
        var bench = new RouterBench(1, 4, 2);

        var outcome = bench.Ask();

        Assert.Equal(2, outcome.Worker!.Id);
        Assert.NotEqual(0, outcome.RequestIdx);
        Assert.Equal(1, outcome.Reqnum);
    }

    [Fact]
    public void Route_EqualFinish_PicksFasterThenLowerId()
    {
        var bench = new RouterBench(2, 2, 4) { MaxQueueTime = 1000 };
        bench.Push();

        var first = bench.Ask();
        var second = bench.Ask();
        var third = bench.Ask();

        Assert.Equal([3, 3, 1], [first.Worker!.Id, second.Worker!.Id, third.Worker!.Id]);
    }

    [Fact]
    public void Route_TwoWorkersOneTwiceAsFast_AssignsOneToTwo()
    {
        var bench = new RouterBench(1, 2) { MaxQueueTime = 100_000 };
        bench.Push();

        var picks = Enumerable.Range(0, 300).Select(_ => bench.Ask().Worker!.Id).ToList();

        Assert.InRange(picks.Count(p => p == 1), 99, 101);
    }

    [Fact]
    public void Route_QueueTimeAtLimit_Waits()
    {
        var bench = new RouterBench(10);

        var outcomes = Enumerable.Range(0, 4).Select(_ => bench.Ask()).ToList();

        Assert.Equal([true, true, true, false], outcomes.Select(o => o.Worker is not null));
        Assert.True(outcomes[3].CanServe);
        Assert.Equal(1, outcomes[3].Depth);
    }

    [Fact]
    public void Route_NoWorkers_WaitsWithAnIndexAndKeepsIt()
    {
        var bench = new RouterBench();

        var first = bench.Ask();
        var again = bench.Ask(first.RequestIdx);

        Assert.Null(first.Worker);
        Assert.False(first.CanServe);
        Assert.NotEqual(0, first.RequestIdx);
        Assert.Equal(first.RequestIdx, again.RequestIdx);
        Assert.Equal(1, bench.Router.Waiting);
    }

    [Fact]
    public void Route_HeldCall_IsAnsweredWhenASlotFrees()
    {
        var bench = new RouterBench(1);
        var running = bench.Ask();
        var held = bench.Hold(0, out _)!;

        bench.End(running.RequestIdx, 1);

        Assert.Equal(1, RouterBench.Answer(held)!.Value.Worker!.Id);
    }

    [Fact]
    public void Route_HeldCall_IsAnsweredWithWaitWhenItsTimeIsUp()
    {
        var bench = new RouterBench(1);
        bench.Ask();
        var held = bench.Hold(0, out _)!;

        bench.Pass(7_900);
        Assert.Null(RouterBench.Answer(held));
        bench.Pass(200);

        Assert.Null(RouterBench.Answer(held)!.Value.Worker);
    }

    [Fact]
    public void Route_PlaceInQueue_SurvivesPolls()
    {
        var bench = new RouterBench(1);
        var running = bench.Ask();
        var first = bench.Ask();
        var second = bench.Hold(0, out _)!;
        bench.Pass(8_100);
        var secondIdx = RouterBench.Answer(second)!.Value.RequestIdx;
        var firstHeld = bench.Hold(first.RequestIdx, out _)!;
        var secondHeld = bench.Hold(secondIdx, out _)!;

        bench.End(running.RequestIdx, 1);

        Assert.NotNull(RouterBench.Answer(firstHeld)!.Value.Worker);
        Assert.Null(RouterBench.Answer(secondHeld));
    }

    [Fact]
    public void Route_FirstInQueueIsAway_NextGoesFirst()
    {
        var bench = new RouterBench(1);
        var running = bench.Ask();
        bench.Ask();
        var second = bench.Hold(0, out _)!;

        bench.End(running.RequestIdx, 1);

        Assert.NotNull(RouterBench.Answer(second)!.Value.Worker);
        Assert.Equal(1, bench.Router.Waiting);
    }

    [Fact]
    public void Route_NotPolledForReplayTimeout_LosesItsPlace()
    {
        var bench = new RouterBench(1);
        bench.Ask();
        bench.Ask();

        bench.Pass(61_100);

        Assert.Equal(0, bench.Router.Waiting);
    }

    [Fact]
    public void Route_SameIndexTwice_CountsItsLoadOnce()
    {
        var bench = new RouterBench(1, 1) { MaxQueueTime = 1000 };
        bench.Push();
        var first = bench.Ask();
        bench.Pass(2_000);

        bench.Ask(first.RequestIdx);
        var load = bench.Router.Drain(bench.Now);

        Assert.Equal(100, load.Arrived);
        Assert.Equal(1, load.Requests);
        Assert.Equal(100, load.Outstanding);
    }

    [Fact]
    public void Route_WorkerWasNotReached_GoesElsewhereNotBeforeASecond()
    {
        var bench = new RouterBench(2, 1);
        var first = bench.Ask();
        bench.Pass(100);

        var held = bench.Hold(first.RequestIdx, out _)!;
        Assert.Null(RouterBench.Answer(held));
        bench.Pass(800);
        Assert.Null(RouterBench.Answer(held));
        bench.Pass(200);

        var answer = RouterBench.Answer(held)!.Value;
        Assert.Equal(1, first.Worker!.Id);
        Assert.Equal(2, answer.Worker!.Id);
        Assert.Equal(first.RequestIdx, answer.RequestIdx);
        Assert.Equal(0, bench.Router.OutstandingAt(1));
    }

    [Fact]
    public void Route_OnlyWorkerIsNotReached_IsPausedLongerEachTime()
    {
        var bench = new RouterBench(1);
        var idx = bench.Ask().RequestIdx;
        List<long> gaps = [];
        var last = bench.Now;

        for (var attempt = 0; attempt < 6; attempt++)
        {
            RouteOutcome? answer = null;
            while (answer?.Worker is null)
            {
                var held = bench.Hold(idx, out var at);
                answer = held is null ? at : null;
                while (held is not null && (answer = RouterBench.Answer(held)) is null)
                {
                    bench.Pass(100);
                }
            }

            gaps.Add(bench.Now - last);
            last = bench.Now;
        }

        Assert.Equal([2_000, 4_000, 8_000, 16_000, 30_000, 30_000], gaps);
    }

    [Fact]
    public void Route_OtherRequestsDuringAPause_GoElsewhere()
    {
        var bench = new RouterBench(8, 1);
        var first = bench.Ask();
        bench.Ask(first.RequestIdx);

        var other = bench.Ask();

        Assert.Equal(1, first.Worker!.Id);
        Assert.Equal(2, other.Worker!.Id);
    }

    [Fact]
    public void Route_UnknownIndex_IsAdoptedWithoutNewLoad()
    {
        var bench = new RouterBench(1);

        var outcome = bench.Ask(77);

        Assert.Equal(77, outcome.RequestIdx);
        Assert.NotNull(outcome.Worker);
        Assert.Equal(0, bench.Router.Drain(bench.Now).Arrived);
    }

    [Fact]
    public void Tick_AssignmentNeverSeen_Expires()
    {
        var bench = new RouterBench(new RouterLimits(), 1);
        bench.Ask();

        bench.Pass(5_900);
        Assert.Equal(100, bench.Router.OutstandingAt(1));
        bench.Pass(200);

        Assert.Equal(0, bench.Router.OutstandingAt(1));
    }

    [Fact]
    public void Tick_AssignmentSeenWorking_DoesNotExpire()
    {
        var bench = new RouterBench(1);
        var idx = bench.Ask().RequestIdx;
        bench.Report(1, 100, idx);

        bench.Pass(120_000);

        Assert.Equal(100, bench.Router.OutstandingAt(1));
    }

    [Fact]
    public void Report_WithoutARequestSeenBefore_ReleasesIt()
    {
        var bench = new RouterBench(1);
        var idx = bench.Ask().RequestIdx;
        bench.Report(1, 100, idx);

        bench.Report(1, 0);

        Assert.Equal(0, bench.Router.OutstandingAt(1));
    }

    [Fact]
    public void Report_OutOfOrderAndTwice_CountsReturnToZero()
    {
        var bench = new RouterBench(1, 1) { MaxQueueTime = 1000 };
        bench.Push();
        var a = bench.Ask(0).RequestIdx;
        bench.Report(1, 100, a);
        bench.Report(1, 0); // late: composed before the request came
        bench.Report(1, 100, a);
        Assert.Equal(100, bench.Router.OutstandingAt(1));
        Assert.NotNull(bench.End(a, 1));
        Assert.Null(bench.End(a, 1));
        bench.Report(1, 100, a); // late again

        bench.Report(1, 0);

        Assert.Equal(0, bench.Router.OutstandingAt(1));
        Assert.Equal(0, bench.Router.Drain(bench.Now).Outstanding);
    }

    [Fact]
    public void Report_RequestsOfOthers_CountAsForeignLoad()
    {
        var bench = new RouterBench(10);
        var own = bench.Ask().RequestIdx;

        bench.Report(1, 300, own, 1_000_001, 1_000_002);

        Assert.Equal(300, bench.Router.OutstandingAt(1));
        Assert.Null(bench.Ask().Worker);
    }

    [Fact]
    public void Report_WithoutAList_TakesTheRestAsForeign()
    {
        var bench = new RouterBench(10);
        bench.Ask();

        bench.Router.Report(new WorkerReport(1, 250, null), bench.Now);

        Assert.Equal(250, bench.Router.OutstandingAt(1));
    }

    [Fact]
    public void End_Rejected_TeachesTheWorkersLimitWithoutAStrike()
    {
        var bench = new RouterBench(2) { MaxQueueTime = 1000 };
        bench.Push();
        var first = bench.Ask();
        var second = bench.Ask();
        bench.Report(1, 100, first.RequestIdx);

        bench.End(second.RequestIdx, 1, EndKind.Rejected);
        bench.Pass(1_100);
        var whileBusy = bench.Ask(second.RequestIdx);
        bench.End(first.RequestIdx, 1);
        var whenIdle = bench.Ask(second.RequestIdx);

        Assert.Equal(1, second.Worker!.Id);
        Assert.Null(whileBusy.Worker);
        Assert.Equal(1, whenIdle.Worker!.Id);
    }

    [Fact]
    public void End_Failed_NextTicketGoesToAnotherWorker()
    {
        var bench = new RouterBench(2, 1);
        var first = bench.Ask();
        bench.End(first.RequestIdx, 1, EndKind.Failed);
        bench.Pass(2_500);

        var again = bench.Ask(first.RequestIdx);

        Assert.Equal(2, again.Worker!.Id);
    }

    [Fact]
    public void End_FailedAtTheOnlyWorker_GoesThereAgain()
    {
        var bench = new RouterBench(2);
        var first = bench.Ask();
        bench.End(first.RequestIdx, 1, EndKind.Failed);
        bench.Pass(2_500);

        Assert.Equal(1, bench.Ask(first.RequestIdx).Worker!.Id);
    }

    [Fact]
    public void Apply_WorkerDies_ReleasesItsLoadAndRetriesElsewhere()
    {
        var bench = new RouterBench(2, 1);
        var first = bench.Ask();
        bench.Report(1, 100, first.RequestIdx);
        bench.Pass(2_000);

        bench.Change(1, w => w with { Alive = false, Open = false });
        var again = bench.Ask(first.RequestIdx);

        Assert.Equal(2, again.Worker!.Id);
        Assert.Equal(0, bench.Router.OutstandingAt(1));
    }

    [Fact]
    public void Apply_WorkerRemoved_NothingStaysBehind()
    {
        var bench = new RouterBench(2, 1);
        var first = bench.Ask();

        bench.Remove(1);
        bench.Report(1, 100, first.RequestIdx);
        bench.End(first.RequestIdx, 1);

        Assert.Equal(0, bench.Router.Drain(bench.Now).Outstanding);
        Assert.Equal(2, bench.Ask().Worker!.Id);
    }

    [Fact]
    public void Apply_OlderSnapshot_IsIgnored()
    {
        var bench = new RouterBench(2);

        bench.Router.Apply(EndpointSnapshot.Empty, bench.Now);

        Assert.NotNull(bench.Ask().Worker);
    }

    [Fact]
    public void Apply_NewWorker_ServesThoseWhoWait()
    {
        var bench = new RouterBench(1);
        bench.Ask();
        var held = bench.Hold(0, out _)!;

        bench.Router.Apply(
            new EndpointSnapshot
            {
                Version = 99,
                MaxQueueTime = 30,
                Summary = "",
                Workers = [new WorkerRoute { Id = 9, Url = "http://n", Perf = 1, Open = true, Alive = true }],
            },
            bench.Now);

        Assert.Equal(9, RouterBench.Answer(held)!.Value.Worker!.Id);
    }

    [Fact]
    public void Abandon_HeldCall_DoesNotGetTheSlot()
    {
        var bench = new RouterBench(1);
        var running = bench.Ask();
        var gone = bench.Hold(0, out _)!;
        var waits = bench.Hold(0, out _)!;
        bench.Router.Abandon(gone, bench.Now);

        bench.End(running.RequestIdx, 1);

        Assert.Null(RouterBench.Answer(gone));
        Assert.NotNull(RouterBench.Answer(waits)!.Value.Worker);
    }

    [Fact]
    public void Abandon_NewRequest_LeavesNothingBehind()
    {
        var bench = new RouterBench(1);
        bench.Ask();
        var gone = bench.Hold(0, out _)!;

        bench.Router.Abandon(gone, bench.Now);

        Assert.Equal(0, bench.Router.Waiting); // nobody knows its index: nobody would ever ask for it
    }

    [Fact]
    public void Abandon_RequestThatAsksAgain_KeepsItsPlace()
    {
        var bench = new RouterBench(1);
        bench.Ask();
        var waits = bench.Hold(0, out _)!;
        bench.Pass(20_000);
        var again = bench.Hold(RouterBench.Answer(waits)!.Value.RequestIdx, out _)!;

        bench.Router.Abandon(again, bench.Now);

        Assert.Equal(1, bench.Router.Waiting);
    }

    [Fact]
    public void Abandon_TicketWasGivenAtThatMoment_WorkerIsFreeAgain()
    {
        var bench = new RouterBench(1);
        var running = bench.Ask();
        var gone = bench.Hold(0, out _)!;
        bench.End(running.RequestIdx, 1);
        Assert.NotNull(RouterBench.Answer(gone)!.Value.Worker);

        bench.Router.Abandon(gone, bench.Now);

        Assert.Equal(0, bench.Router.OutstandingAt(1));
        Assert.NotNull(bench.Ask().Worker);
    }

    [Fact]
    public void GiveBack_TicketNotUsed_NextInLineHasTheWorkerAndItIsNotToBlame()
    {
        var bench = new RouterBench(1);
        var unused = bench.Ask();
        var waits = bench.Hold(0, out _)!;

        bench.Router.GiveBack(unused.RequestIdx, bench.Now);

        Assert.Equal(1, RouterBench.Answer(waits)!.Value.Worker!.Id);
    }

    [Fact]
    public void GiveBack_WorkerWorksOnIt_ChangesNothing()
    {
        var bench = new RouterBench(1);
        var used = bench.Ask();
        bench.Report(1, 100, used.RequestIdx);

        bench.Router.GiveBack(used.RequestIdx, bench.Now);

        Assert.Equal(100, bench.Router.OutstandingAt(1));
    }

    [Fact]
    public void Close_HeldCalls_AreAnswered()
    {
        var bench = new RouterBench();
        var held = bench.Hold(0, out _)!;

        bench.Router.Close();

        Assert.Null(RouterBench.Answer(held)!.Value.Worker);
    }

    [Fact]
    public void Report_NumberedAndLate_IsIgnored()
    {
        var bench = new RouterBench(1);
        var request = bench.Ask();
        bench.Router.Report(new WorkerReport(1, 100, [request.RequestIdx], "boot", 2), bench.Now);

        bench.Router.Report(new WorkerReport(1, 0, [], "boot", 1), bench.Now);
        bench.Router.Report(new WorkerReport(1, 0, [], "boot", 2), bench.Now);

        Assert.Equal(100, bench.Router.OutstandingAt(1));
    }

    [Fact]
    public void Report_OfTheProcessBeforeARestart_IsIgnored()
    {
        var bench = new RouterBench(1);
        bench.Router.Report(new WorkerReport(1, 500, [901], "old", 7), bench.Now);
        bench.Router.Report(new WorkerReport(1, 0, [], "new", 1), bench.Now);

        bench.Router.Report(new WorkerReport(1, 500, [901], "old", 8), bench.Now);

        Assert.Equal(0, bench.Router.OutstandingAt(1));
    }

    [Fact]
    public void Route_QueueFull_WaitsWithoutAPlace()
    {
        var router = new EndpointRouter(new RequestIndexes(0, new byte[16]).Next, new RouterLimits { MaxQueued = 2 });
        var call = new RouteCall(0, 100, 0, 60_000);
        var places = new[] { router.Route(call, 0, out _), router.Route(call, 0, out _) }.Select(static o => o.RequestIdx);

        var outcome = router.Route(call, 0, out var held);

        Assert.Null(outcome.Worker);
        Assert.Null(held);
        Assert.DoesNotContain(outcome.RequestIdx, places.Append(0));
        Assert.Equal(2, router.Waiting);
    }
}
