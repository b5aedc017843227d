using System.Text.Json.Nodes;
using ComfyServe.ScriptedWorker;
using ComfyServe.Testing;
using ComfyServe.Testing.Databases;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>
/// A gateway, its database and its workers killed again and again (SIGKILL; PostgreSQL as a power failure does) with jobs that last longer than the time between two kills:
/// every accepted job ends once, and none fails that never began.
/// </summary>
public sealed class CutOffGatewayTests : IDisposable
{
    // Load units at 100 a second: 1.5 to 3 s.
    private const int LeastCost = 150;
    private const int MostCost = 300;

    private readonly GatewayStage _stage = new();
    private readonly List<string> _accepted = [];
    private readonly Random _chance = new(11);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _stage.Dispose();

    [Fact]
    public async Task Gateway_KilledInTheMiddleOfRuns_EveryJobEndsOnce()
    {
        Assert.SkipUnless(RecordedData.IsFull, "two hundred rounds; set COMFYSERVE_TEST_FULL=1");
        await KillGatewaysAsync(rounds: 200, null);
    }

    [Fact]
    public async Task GatewayAndPostgres_KilledInTheMiddleOfRuns_EveryJobEndsOnce()
    {
        Assert.SkipUnless(RecordedData.IsFull, "a hundred rounds; set COMFYSERVE_TEST_FULL=1");
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed; run eng/install-test-tools.sh");
        await using var server = await PostgresServer.StartAsync();
        await KillGatewaysAsync(rounds: 100, server);
    }

    [Fact]
    public async Task Workers_KilledInTheMiddleOfRuns_EveryJobEndsOnce()
    {
        Assert.SkipUnless(RecordedData.IsFull, "two hundred rounds; set COMFYSERVE_TEST_FULL=1");
        await using var gateway = _stage.Gateway("alone", 0, null);
        var url = await GatewayStage.UrlAsync(gateway);
        await _stage.CallAsync(HttpMethod.Post, url + "/api/v0/endptjobs/", new { endpoint_name = "e" });
        await using var sound = await _stage.WorkerAsync(url, url);
        var place = await _stage.CallAsync(HttpMethod.Post, url + "/api/v1/endpoints/e/workers", null);
        for (var round = 0; round < 200; round++)
        {
            using var doomed = FrozenWorker.Start(url, (long)place["id"]!, (string)place["mtoken"]!, perf: 100);
            await SubmitAsync(url);
            await SubmitAsync(url);
            await GatewayStage.UntilAsync(async () => (await RunningAsync(url)).Count == 2, "both workers work");
            await Task.Delay(TimeSpan.FromMilliseconds(_chance.Next(0, 1_000)), Token);
        }

        await EndAsync(url);
    }

    private async Task KillGatewaysAsync(int rounds, PostgresServer? server)
    {
        var database = server is null ? null : await server.CreateDatabaseAsync();
        List<WorkerServer> workers = [];
        var port = 0;
        try
        {
            for (var round = 0; round < rounds; round++)
            {
                await using var gateway = _stage.Gateway("alone", port, database);
                var url = await GatewayStage.UrlAsync(gateway);
                if (port == 0)
                {
                    port = new Uri(url).Port;
                    await _stage.CallAsync(HttpMethod.Post, url + "/api/v0/endptjobs/", new { endpoint_name = "e" });
                    workers.Add(await _stage.WorkerAsync(url, url));
                    workers.Add(await _stage.WorkerAsync(url, url));
                }

                await SubmitAsync(url);
                await GatewayStage.UntilAsync(async () => (await RunningAsync(url)).Count > 0, "a job runs");
                await Task.Delay(TimeSpan.FromMilliseconds(_chance.Next(0, 1_500)), Token); // any moment of the runs' lives
                if (server is not null && _chance.Next(3) == 0)
                {
                    await server.CrashAsync();
                    await server.StartServerAsync();
                    await GatewayStage.UntilAsync(async () => (await RunningAsync(url)).Count > 0, "a job runs again");
                }

                await gateway.KillAsync(Token);
            }

            await using var last = _stage.Gateway("alone", port, database);
            await EndAsync(await GatewayStage.UrlAsync(last));
        }
        finally
        {
            foreach (var worker in workers)
            {
                await worker.DisposeAsync();
            }
        }
    }

    // A call that a crash breaks is sent again: the job whose answer was lost may be there too.
    private async Task SubmitAsync(string url)
    {
        var number = _accepted.Count;
        JsonNode? job = null;
        await GatewayStage.UntilAsync(
            async () =>
            {
                job = await _stage.CallAsync(
                    HttpMethod.Post, url + "/api/v1/endpoints/e/jobs", new { payload = new { input = new { number } }, cost = _chance.Next(LeastCost, MostCost), max_attempts = 20 });
                return true;
            },
            $"job {number} is accepted");
        _accepted.Add((string)job!["id"]!);
    }

    private async Task<JsonArray> RunningAsync(string url) => (await _stage.CallAsync(HttpMethod.Get, url + "/api/v1/endpoints/e/jobs?status=running", null))["jobs"]!.AsArray();

    private async Task EndAsync(string url)
    {
        var ends = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var id in _accepted)
        {
            JsonNode? job = null;
            await GatewayStage.UntilAsync(
                async () =>
                {
                    job = await _stage.CallAsync(HttpMethod.Get, $"{url}/api/v1/endpoints/e/jobs/{id}?wait=10", null);
                    return (string)job["status"]! is not ("queued" or "running");
                },
                $"job {id} has ended");
            var status = (string)job!["status"]!;
            Assert.True(status == "completed" ? job["result"] is not null : status == "parked" && (int)job["attempts"]! > 0, job.ToJsonString());
            ends[status] = ends.GetValueOrDefault(status) + 1;
        }

        TestContext.Current.TestOutputHelper!.WriteLine(string.Join(", ", ends.Select(static e => $"{e.Value} {e.Key}")));
        Assert.Equal(_accepted.Count, _accepted.Distinct(StringComparer.Ordinal).Count());
        Assert.True(ends["completed"] > 0, "some end before the third death");
    }
}
