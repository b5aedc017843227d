using System.Diagnostics;
using System.Text.Json.Nodes;
using ComfyServe.ScriptedWorker;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>Shares of real requests over HTTP among workers of different speed.</summary>
public sealed class FleetShareTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Overload_ThreeWorkersOneTwoFour_ServeInProportionAndNoneIsRefusedForLong()
    {
        await using var gateway = await RunningGateway.StartAsync(o => o.CallsPerSecond = 1000);
        var (id, key) = await gateway.EndpointAsync("e");
        List<WorkerServer> workers = [];
        foreach (var perf in new[] { 100.0, 200, 400 })
        {
            var (worker, mtoken) = await gateway.PlaceAsync("e");
            workers.Add(await WorkerServer.StartAsync(
                new ScriptedWorkerOptions
                {
                    Gateway = gateway.Url,
                    Id = worker,
                    Mtoken = mtoken,
                    Perf = perf,
                    ReportEvery = TimeSpan.FromSeconds(0.2),
                    Ours = true,
                    NewerForm = true,
                },
                Token));
        }

        await AllIdleAsync(gateway, id, workers.Count);
        using var client = new WireClient(gateway.Url, "e", key) { LongestPoll = TimeSpan.FromSeconds(0.3) };
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 24).Select(async _ =>
        {
            while (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(8))
            {
                await client.RequestAsync(20, Token);
            }
        }));

        var served = workers.Sum(w => w.TotalServed);
        foreach (var (worker, share) in workers.Zip([1 / 7.0, 2 / 7.0, 4 / 7.0]))
        {
            Assert.InRange(worker.TotalServed / served / share, 0.8, 1.2);
            Assert.Equal(0, worker.BadTickets);
        }

        foreach (var worker in workers)
        {
            await worker.DisposeAsync();
        }
    }

    private static async Task AllIdleAsync(RunningGateway gateway, long endpoint, int count)
    {
        JsonArray workers;
        do
        {
            await Task.Delay(50, Token);
            workers = (await gateway.CallAsync(HttpMethod.Post, "/get_endpoint_workers/", new { id = endpoint })).AsArray();
        }
        while (workers.Count(w => (string?)w!["status"] == "idle") < count);
    }
}
