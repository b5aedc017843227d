using System.Diagnostics;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Routing;
using ComfyServe.ScriptedWorker;
using ComfyServe.Testing;
using ComfyServe.Testing.Databases;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Gateway.Tests.Http;

public sealed class FaultTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reports_TripledAndFromAClockThatIsOff_ChangeNothing()
    {
        await using var gateway = await RunningGateway.StartAsync(o => o.CallsPerSecond = 1000);
        var (endpoint, key) = await gateway.EndpointAsync("e");
        await using var worker = await WorkerAsync(gateway, gateway.Url, 500, TimeSpan.FromSeconds(30));
        await using var other = await WorkerAsync(gateway, gateway.Url, 500, TimeSpan.FromSeconds(-30));
        (worker.Copies, other.Copies) = (3, 3);
        using var client = new WireClient(gateway.Url, "e", key) { LongestPoll = TimeSpan.FromSeconds(0.3) };

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.RequestAsync(20, Token)));

        Assert.Equal(400, worker.TotalServed + other.TotalServed);
        Assert.Equal(0, worker.BadTickets + other.BadTickets);
        var router = gateway.Services.GetRequiredService<SeatTable>().Seat(endpoint).Router;
        await UntilAsync(() => router.OutstandingAt(worker.Id) + router.OutstandingAt(other.Id) == 0, "no load is counted any more");
    }

    [Fact]
    public async Task Worker_KilledWithRequestsInFlight_OthersServeThem()
    {
        await using var gateway = await RunningGateway.StartAsync(o =>
        {
            o.CallsPerSecond = 1000;
            o.RouteHold = TimeSpan.FromSeconds(1);
        });
        var (endpoint, key) = await gateway.EndpointAsync("e");
        var doomed = await WorkerAsync(gateway, gateway.Url, 100, TimeSpan.Zero);
        await using var sound = await WorkerAsync(gateway, gateway.Url, 100, TimeSpan.Zero);
        using var client = new WireClient(gateway.Url, "e", key) { LongestPoll = TimeSpan.FromSeconds(0.3) };
        var requests = Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.RequestAsync(30, Token)));
        var router = gateway.Services.GetRequiredService<SeatTable>().Seat(endpoint).Router;
        await UntilAsync(() => router.OutstandingAt(doomed.Id) > 0, "the worker has requests");

        await doomed.KillAsync();
        await requests;

        await UntilAsync(() => router.OutstandingAt(doomed.Id) + router.OutstandingAt(sound.Id) == 0 && router.Waiting == 0, "no load is counted any more");
        await doomed.DisposeAsync();
    }

    [Fact]
    public async Task Worker_FrozenWithRequests_OthersServeWhatComesAndWhatTheGatewayForwards()
    {
        await using var gateway = await RunningGateway.StartAsync(o =>
        {
            o.CallsPerSecond = 1000;
            o.RouteHold = TimeSpan.FromSeconds(1);
            o.Liveness = new LivenessLimits { OurSilence = 1.5 };
        });
        var (endpoint, key) = await gateway.EndpointAsync("e");
        await using var frozen = await WorkerAsync(gateway, gateway.Url, 100, TimeSpan.Zero);
        await using var sound = await WorkerAsync(gateway, gateway.Url, 100, TimeSpan.Zero);
        var router = gateway.Services.GetRequiredService<SeatTable>().Seat(endpoint).Router;
        await UntilAsync(() => router.Snapshot.Workers.Count(static w => w.Open) == 2, "both workers are open");
        using var client = new WireClient(gateway.Url, "e", key) { LongestPoll = TimeSpan.FromSeconds(0.3) };
        var forwarded = Enumerable.Range(0, 4).Select(_ => gateway.SendAsync(HttpMethod.Post, "/api/v1/endpoints/e/generate/sync?cost=20", new { input = new { } })).ToList();
        var routed = Enumerable.Range(0, 4).Select(_ => client.RequestAsync(20, Token)).ToList();
        await UntilAsync(() => router.OutstandingAt(frozen.Id) > 0, "the worker has requests");

        frozen.Frozen = true;
        await UntilAsync(() => router.OutstandingAt(frozen.Id) == 0, "it counts for nothing any more");

        // Whoever comes now goes elsewhere; the gateway sends again what it had sent to it; a client that follows tickets waits for it, as the original's does.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => client.RequestAsync(10, Token)));
        foreach (var answer in await Task.WhenAll(forwarded))
        {
            using (answer)
            {
                Assert.Equal(200, (int)answer.StatusCode);
            }
        }

        frozen.Frozen = false;
        await Task.WhenAll(routed);
        await UntilAsync(() => router.OutstandingAt(frozen.Id) + router.OutstandingAt(sound.Id) == 0 && router.Waiting == 0, "no load is counted any more");
    }

    [Fact]
    public async Task Gateway_StartedAgainUnderLoad_NoRoutedRequestIsStuck()
    {
        await using var gateway = await RunningGateway.StartAsync(o => (o.CallsPerSecond, o.RouteHold) = (1000, TimeSpan.FromSeconds(0.5)));
        var (endpoint, key) = await gateway.EndpointAsync("e");
        await using var worker = await WorkerAsync(gateway, gateway.Url, 200, TimeSpan.Zero);
        using var client = new WireClient(gateway.Url, "e", key) { LongestPoll = TimeSpan.FromSeconds(0.3), Persists = true };
        var requests = Task.WhenAll(Enumerable.Range(0, 12).Select(_ => client.RequestAsync(20, Token)));
        await UntilAsync(() => worker.TotalServed > 0, "the worker has served something");

        await gateway.RestartAsync();

        await requests.WaitAsync(TimeSpan.FromSeconds(90), Token);
        var router = gateway.Services.GetRequiredService<SeatTable>().Seat(endpoint).Router;
        await UntilAsync(() => router.OutstandingAt(worker.Id) == 0 && router.Waiting == 0, "no load is counted any more");
    }

    [Fact]
    public async Task TwoGateways_OneStopsUnderLoad_TheOtherFinishesEveryJobOnce()
    {
        Assert.SkipUnless(RecordedData.IsFull, "starts a PostgreSQL server; set COMFYSERVE_TEST_FULL=1");
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed; run eng/install-test-tools.sh");
        await using var server = await PostgresServer.StartAsync();
        var database = await server.CreateDatabaseAsync();
        await using var first = await RunningGateway.StartAsync(o => (o.Database, o.CallsPerSecond) = (database, 1000));
        await using var second = await RunningGateway.StartAsync(o => (o.Database, o.CallsPerSecond) = (database, 1000));
        await first.EndpointAsync("e");
        await using var worker = await WorkerAsync(first, second.Url, 100, TimeSpan.Zero);
        List<string> jobs = [];
        for (var i = 0; i < 10; i++)
        {
            jobs.Add((string)(await first.CallAsync(HttpMethod.Post, "/api/v1/endpoints/e/jobs", new { payload = new { input = new { i } }, cost = 30, max_attempts = 20 }))["id"]!);
        }

        await UntilAsync(() => worker.TotalServed > 0, "the worker has served something");
        await first.StopAsync();

        foreach (var job in jobs)
        {
            var done = await EndAsync(second, job);
            Assert.Equal("completed", (string)done["status"]!);
        }
    }

    private static async Task<System.Text.Json.Nodes.JsonNode> EndAsync(RunningGateway gateway, string job)
    {
        for (var begun = Stopwatch.StartNew(); begun.Elapsed < TimeSpan.FromSeconds(120);)
        {
            var now = await gateway.CallAsync(HttpMethod.Get, $"/api/v1/endpoints/e/jobs/{job}?wait=20");
            if ((string)now["status"]! is not ("queued" or "running"))
            {
                return now;
            }
        }

        throw new TimeoutException($"job {job} did not end in 120 s");
    }

    private static async Task<WorkerServer> WorkerAsync(RunningGateway gateway, string reportsTo, double perf, TimeSpan skew)
    {
        var (id, token) = await gateway.PlaceAsync("e");
        return await WorkerServer.StartAsync(
            new ScriptedWorkerOptions
            {
                Gateway = reportsTo,
                Id = id,
                Mtoken = token,
                Perf = perf,
                ClockSkew = skew,
                ReportEvery = TimeSpan.FromSeconds(0.2),
                MaxQueueTime = 2,
                Ours = true,
                NewerForm = true,
            },
            Token);
    }

    private static Task UntilAsync(Func<bool> condition, string what) => Until.HoldsAsync(condition, what, seconds: 90);
}
