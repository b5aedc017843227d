using ComfyServe.Gateway.Routing;

namespace ComfyServe.Gateway.Tests.Routing;

/// <summary>What one key does with its tickets and indexes, and what another sees of it.</summary>
public sealed class TicketAccountTests
{
    [Fact]
    public void Route_IndexOfAnotherKey_IsANewRequest()
    {
        var bench = new RouterBench(new RouterLimits(), 1, 1);
        var victim = bench.Ask(key: "alice");

        var guess = bench.Ask(victim.RequestIdx, key: "mallory");

        Assert.NotEqual(victim.RequestIdx, guess.RequestIdx);
        Assert.Equal(100, bench.Router.OutstandingAt(victim.Worker!.Id));
        Assert.Null(bench.Ask(victim.RequestIdx, key: "alice").Worker); // its own: it waits a second for its next ticket
    }

    [Fact]
    public void Route_OneKeysRequestsComeBack_WorkerIsPausedForThatKeyAlone()
    {
        var bench = new RouterBench(new RouterLimits(), 1);
        ComeBack(bench, "mallory", times: 5);

        Assert.Null(bench.Ask(key: "mallory").Worker);
        Assert.NotNull(bench.Ask(key: "alice").Worker);
    }

    [Fact]
    public void Route_TwoKeysRequestsComeBack_WorkerIsPausedForAll()
    {
        var bench = new RouterBench(new RouterLimits(), 1);
        var (one, two) = (bench.Ask(key: "alice").RequestIdx, bench.Ask(key: "bob").RequestIdx);
        bench.Ask(one, key: "alice");
        bench.Ask(two, key: "bob");

        Assert.Null(bench.Ask(key: "carol").Worker);
    }

    [Fact]
    public void Route_ComesBackFromAWorkerThatOthersReach_IsNoFaultOfTheWorker()
    {
        var bench = new RouterBench(new RouterLimits(), 100);
        var mallory = bench.Ask(key: "mallory").RequestIdx;
        var alice = bench.Ask(key: "alice").RequestIdx;
        bench.Report(1, 100, alice);

        bench.Ask(mallory, key: "mallory");

        Assert.NotNull(bench.Ask(key: "bob").Worker);
    }

    [Fact]
    public void Route_KeyWastesItsTickets_WaitsLongerEachTimeAndOthersDoNot()
    {
        var bench = new RouterBench(new RouterLimits(), 100);
        List<long> waits = [];
        for (var i = 0; i < 12; i++)
        {
            Assert.NotNull(bench.Ask(key: "mallory").Worker);
            bench.Pass(6_100);
            var wait = bench.Ask(key: "mallory").Refused;
            waits.Add(wait);
            Assert.NotNull(bench.Ask(key: "alice") is { Worker: not null } ticket ? Used(bench, ticket, "alice") : null);
            bench.Pass(wait + 100);
        }

        Assert.All(waits.Take(2), static w => Assert.Equal(0, w));
        Assert.True(waits[^1] > 10_000, string.Join(" ", waits));
        Assert.True(waits[^1] >= waits[6], string.Join(" ", waits));
    }

    [Fact]
    public void Route_KeyUsesItsTickets_IsNeverRefused()
    {
        var bench = new RouterBench(new RouterLimits(), 1000);
        for (var i = 0; i < 2_000; i++)
        {
            var ticket = bench.Ask(key: "alice");
            Assert.Equal(0, ticket.Refused);
            Used(bench, ticket, "alice");
            bench.Pass(i % 7);
        }
    }

    [Fact]
    public void Route_MoreUnusedTicketsThanAllowed_IsRefusedUntilSomeAreUsed()
    {
        var router = new EndpointRouter(new RequestIndexes(0, new byte[16]).Next, new RouterLimits { MaxUnusedTickets = 3 });
        router.Apply(new EndpointSnapshot { Version = 1, MaxQueueTime = 1000, Summary = "", Workers = [new WorkerRoute { Id = 1, Url = "http://w", Perf = 100, Open = true, Alive = true }] }, 0);
        var given = Enumerable.Range(0, 3).Select(_ => router.Route(new RouteCall(0, 1, 0, 60_000, Key: "mallory"), 1, out var _)).ToList();

        var fourth = router.Route(new RouteCall(0, 1, 0, 60_000, Key: "mallory"), 1, out _);
        router.End(new EndedWork { RequestIdx = given[0].RequestIdx, WorkerId = 1, Kind = EndKind.Success }, 2);
        var fifth = router.Route(new RouteCall(0, 1, 0, 60_000, Key: "mallory"), 3, out _);

        Assert.True(fourth.Refused > 0);
        Assert.NotNull(fifth.Worker);
    }

    [Fact]
    public void TakeTroubles_RequestComesBackUnseen_NamesTheWorkerOnceUnlessTheKeyWastesTickets()
    {
        var bench = new RouterBench(new RouterLimits(), 100);
        var alice = bench.Ask(key: "alice");
        bench.Ask(alice.RequestIdx, key: "alice");

        var trouble = Assert.Single(bench.Router.TakeTroubles());
        Assert.Equal((1, EndKind.Unreached, alice.RequestIdx), (trouble.WorkerId, trouble.Kind, trouble.RequestIdx));
        Assert.Empty(bench.Router.TakeTroubles());

        bench.Ask(key: "mallory");
        bench.Pass(6_100);
        var mallory = bench.Ask(key: "mallory");
        bench.Ask(mallory.RequestIdx, key: "mallory");
        Assert.Empty(bench.Router.TakeTroubles());
    }

    [Fact]
    public void Report_SessionOfHugeCost_LeavesHalfOfTheWorkerToOthers()
    {
        var bench = new RouterBench(new RouterLimits(), 10);
        var session = bench.Ask(cost: 10_000, key: "mallory");
        Assert.Null(bench.Ask(key: "alice").Worker);

        bench.Router.Report(new WorkerReport(1, 150, [session.RequestIdx], "boot", 1, [session.RequestIdx]), bench.Now);

        Assert.Equal(150, bench.Router.OutstandingAt(1));
        Assert.NotNull(bench.Ask(key: "alice").Worker);
    }

    // Asks for a ticket and comes back without having used it, as fast as the gateway lets it.
    private static void ComeBack(RouterBench bench, string key, int times)
    {
        var idx = bench.Ask(key: key).RequestIdx;
        for (var i = 0; i < times;)
        {
            i += bench.Ask(idx, key: key).Worker is null ? 0 : 1;
            bench.Pass(500);
        }

        bench.Ask(idx, key: key);
    }

    private static RouteOutcome? Used(RouterBench bench, RouteOutcome ticket, string key)
    {
        bench.Report(ticket.Worker!.Id, 100, ticket.RequestIdx);
        bench.End(ticket.RequestIdx, ticket.Worker.Id);
        return key.Length > 0 ? ticket : null;
    }
}
