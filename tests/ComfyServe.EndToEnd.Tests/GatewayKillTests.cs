using System.Text.Json.Nodes;
using ComfyServe.ScriptedWorker;
using ComfyServe.Testing;
using ComfyServe.Testing.Databases;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>Gateways as processes that are killed (SIGKILL) under load.</summary>
public sealed class GatewayKillTests : IDisposable
{
    private readonly GatewayStage _stage = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _stage.Dispose();

    [Fact]
    public async Task TwoGateways_OneKilledUnderLoad_EveryJobEndsOnceAndEveryRequestIsAnswered()
    {
        Assert.SkipUnless(RecordedData.IsFull, "starts a PostgreSQL server and two gateways; set COMFYSERVE_TEST_FULL=1");
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed; run eng/install-test-tools.sh");
        await using var server = await PostgresServer.StartAsync();
        var database = await server.CreateDatabaseAsync();
        await using var first = _stage.Gateway("first", 0, database);
        await using var second = _stage.Gateway("second", 0, database);
        var (doomed, sound) = (await GatewayStage.UrlAsync(first), await GatewayStage.UrlAsync(second));
        await _stage.CallAsync(HttpMethod.Post, doomed + "/api/v0/endptjobs/", new { endpoint_name = "e" });
        await using var worker = await _stage.WorkerAsync(doomed, $"{doomed},{sound}");
        var jobs = await SubmitAsync(doomed, 12);
        using var client = new WireClient(sound, "e", GatewayStage.Key) { LongestPoll = TimeSpan.FromSeconds(0.5) };
        using var moving = new WireClient($"{doomed},{sound}", "e", GatewayStage.Key) { LongestPoll = TimeSpan.FromSeconds(0.5), Persists = true };
        var requests = Task.WhenAll(Enumerable.Range(0, 16).Select(i => (i % 2 == 0 ? client : moving).RequestAsync(30, Token)));
        await GatewayStage.UntilAsync(() => Task.FromResult(worker.TotalServed > 0), "the worker has served something");

        await first.KillAsync(Token);

        await requests.WaitAsync(TimeSpan.FromMinutes(3), Token);
        await EndAsync(sound, jobs);
        await IdleAsync(sound);
    }

    [Fact]
    public async Task Gateway_KilledAndStartedAgainUnderLoad_EveryJobEndsOnceAndNoRequestIsStuck()
    {
        Assert.SkipUnless(RecordedData.IsFull, "starts and kills gateways; set COMFYSERVE_TEST_FULL=1");
        var port = 0;
        WorkerServer? worker = null;
        List<string> jobs;
        WireClient client;
        Task requests;
        await using (var first = _stage.Gateway("alone", port, null))
        {
            var url = await GatewayStage.UrlAsync(first);
            port = new Uri(url).Port;
            await _stage.CallAsync(HttpMethod.Post, url + "/api/v0/endptjobs/", new { endpoint_name = "e" });
            worker = await _stage.WorkerAsync(url, url);
            jobs = await SubmitAsync(url, 12);
            client = new WireClient(url, "e", GatewayStage.Key) { LongestPoll = TimeSpan.FromSeconds(0.5), Persists = true };
            requests = Task.WhenAll(Enumerable.Range(0, 12).Select(_ => client.RequestAsync(30, Token)));
            await GatewayStage.UntilAsync(() => Task.FromResult(worker.TotalServed > 0), "the worker has served something");
            await first.KillAsync(Token);
        }

        using var clients = client;
        await using var running = worker;
        await using var again = _stage.Gateway("alone", port, null);
        var back = await GatewayStage.UrlAsync(again);

        await requests.WaitAsync(TimeSpan.FromMinutes(3), Token);
        await EndAsync(back, jobs);
        await IdleAsync(back);
    }

    [Fact]
    public async Task Worker_FrozenUnderLoad_ClientsGoElsewhereAndAllCountsReturnToZero()
    {
        Assert.SkipUnless(RecordedData.IsFull, "starts a gateway and freezes a worker; set COMFYSERVE_TEST_FULL=1");
        await using var gateway = _stage.Gateway("freeze", 0, null);
        var url = await GatewayStage.UrlAsync(gateway);
        await _stage.CallAsync(HttpMethod.Post, url + "/api/v0/endptjobs/", new { endpoint_name = "e" });
        var place = (await _stage.CallAsync(HttpMethod.Post, url + "/api/v1/endpoints/e/workers", null))!;
        using var frozen = FrozenWorker.Start(url, (long)place["id"]!, (string)place["mtoken"]!, perf: 100);
        await using var sound = await _stage.WorkerAsync(url, url);
        await GatewayStage.UntilAsync(async () => (await WorkersAsync(url)).Count(static w => (string)w!["status"]! == "idle") == 2, "both workers are ready");
        using var client = new WireClient(url, "e", GatewayStage.Key) { LongestPoll = TimeSpan.FromSeconds(0.5) };
        var routed = Task.WhenAll(Enumerable.Range(0, 12).Select(_ => client.RequestAsync(40, Token)));
        var forwarded = Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _stage.CallAsync(HttpMethod.Post, url + "/api/v1/endpoints/e/generate/sync?cost=40", new { input = new { } })));
        await GatewayStage.UntilAsync(async () => (int)(await WorkersAsync(url)).Single(w => (long)w!["id"]! == (long)place["id"]!)!["reqs_working"]! > 0, "the worker has requests");

        frozen.Freeze();

        await forwarded.WaitAsync(TimeSpan.FromMinutes(1), Token);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.RequestAsync(10, Token))).WaitAsync(TimeSpan.FromMinutes(1), Token);
        await GatewayStage.UntilAsync(async () => (double)(await EndpointAsync(url))["assigned_load"]! == 0, "nothing counts as assigned to the frozen worker");

        frozen.Thaw();
        await routed.WaitAsync(TimeSpan.FromMinutes(1), Token);
        await IdleAsync(url);
    }

    private async Task<JsonNode> EndpointAsync(string gateway) => (await _stage.CallAsync(HttpMethod.Get, gateway + "/api/v1/overview", null))["endpoints"]![0]!;

    private async Task<JsonArray> WorkersAsync(string gateway) => (await EndpointAsync(gateway))["workers"]!.AsArray();

    private async Task<List<string>> SubmitAsync(string gateway, int count)
    {
        List<string> jobs = [];
        for (var i = 0; i < count; i++)
        {
            jobs.Add((string)(await _stage.CallAsync(HttpMethod.Post, gateway + "/api/v1/endpoints/e/jobs", new { payload = new { input = new { i } }, cost = 30, max_attempts = 20 }))["id"]!);
        }

        return jobs;
    }

    // Every job is there, completed, with one result.
    private async Task EndAsync(string gateway, List<string> jobs)
    {
        foreach (var job in jobs)
        {
            JsonNode? now = null;
            await GatewayStage.UntilAsync(
                async () =>
                {
                    now = await _stage.CallAsync(HttpMethod.Get, $"{gateway}/api/v1/endpoints/e/jobs/{job}?wait=10", null);
                    return (string)now["status"]! is not ("queued" or "running");
                },
                $"job {job} has ended");
            Assert.Equal("completed", (string)now!["status"]!);
            Assert.NotNull(now["result"]);
        }

        Assert.Equal(jobs.Count, (await _stage.CallAsync(HttpMethod.Get, gateway + "/api/v1/endpoints/e/jobs?limit=100", null))["jobs"]!.AsArray().Count);
    }

    private Task IdleAsync(string gateway) => GatewayStage.UntilAsync(
        async () =>
        {
            var endpoint = await EndpointAsync(gateway);
            var waits = (int)endpoint["queued_requests"]! + (int)endpoint["waiting_jobs"]!;
            return waits + (double)endpoint["assigned_load"]! + endpoint["workers"]!.AsArray().Sum(static w => (int)w!["reqs_working"]! + (double)w["cur_load"]!) == 0;
        },
        "all counts are back to zero");
}
