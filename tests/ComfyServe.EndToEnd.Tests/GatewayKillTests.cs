using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ComfyServe.ScriptedWorker;
using ComfyServe.Testing;
using ComfyServe.Testing.Databases;
using ComfyServe.Testing.Processes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>Gateways as processes that are killed (SIGKILL) under load.</summary>
public sealed class GatewayKillTests : IDisposable
{
    private const string Key = "account-key";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-kill-");
    private readonly HttpClient _http = new() { DefaultRequestHeaders = { Authorization = new("Bearer", Key) } };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _http.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task TwoGateways_OneKilledUnderLoad_EveryJobEndsOnceAndEveryRequestIsAnswered()
    {
        Assert.SkipUnless(RecordedData.IsFull, "starts a PostgreSQL server and two gateways; set COMFYSERVE_TEST_FULL=1");
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed; run eng/install-test-tools.sh");
        await using var server = await PostgresServer.StartAsync();
        var database = await server.CreateDatabaseAsync();
        await using var first = Gateway("first", 0, database);
        await using var second = Gateway("second", 0, database);
        var (doomed, sound) = (await UrlAsync(first), await UrlAsync(second));
        await CallAsync(HttpMethod.Post, doomed + "/api/v0/endptjobs/", new { endpoint_name = "e" });
        await using var worker = await WorkerAsync(doomed, $"{doomed},{sound}");
        var jobs = await SubmitAsync(doomed, 12);
        using var client = new WireClient(sound, "e", Key) { LongestPoll = TimeSpan.FromSeconds(0.5) };
        using var moving = new WireClient($"{doomed},{sound}", "e", Key) { LongestPoll = TimeSpan.FromSeconds(0.5), Persists = true };
        var requests = Task.WhenAll(Enumerable.Range(0, 16).Select(i => (i % 2 == 0 ? client : moving).RequestAsync(30, Token)));
        await UntilAsync(() => Task.FromResult(worker.TotalServed > 0), "the worker has served something");

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
        await using (var first = Gateway("alone", port, null))
        {
            var url = await UrlAsync(first);
            port = new Uri(url).Port;
            await CallAsync(HttpMethod.Post, url + "/api/v0/endptjobs/", new { endpoint_name = "e" });
            worker = await WorkerAsync(url, url);
            jobs = await SubmitAsync(url, 12);
            client = new WireClient(url, "e", Key) { LongestPoll = TimeSpan.FromSeconds(0.5), Persists = true };
            requests = Task.WhenAll(Enumerable.Range(0, 12).Select(_ => client.RequestAsync(30, Token)));
            await UntilAsync(() => Task.FromResult(worker.TotalServed > 0), "the worker has served something");
            await first.KillAsync(Token);
        }

        using var clients = client;
        await using var running = worker;
        await using var again = Gateway("alone", port, null);
        var back = await UrlAsync(again);

        await requests.WaitAsync(TimeSpan.FromMinutes(3), Token);
        await EndAsync(back, jobs);
        await IdleAsync(back);
    }

    [Fact]
    public async Task Worker_FrozenUnderLoad_ClientsGoElsewhereAndAllCountsReturnToZero()
    {
        Assert.SkipUnless(RecordedData.IsFull, "starts a gateway and freezes a worker; set COMFYSERVE_TEST_FULL=1");
        await using var gateway = Gateway("freeze", 0, null);
        var url = await UrlAsync(gateway);
        await CallAsync(HttpMethod.Post, url + "/api/v0/endptjobs/", new { endpoint_name = "e" });
        var place = (await CallAsync(HttpMethod.Post, url + "/api/v1/endpoints/e/workers", null))!;
        using var frozen = FrozenWorker.Start(url, (long)place["id"]!, (string)place["mtoken"]!, perf: 100);
        await using var sound = await WorkerAsync(url, url);
        await UntilAsync(async () => (await WorkersAsync(url)).Count(static w => (string)w!["status"]! == "idle") == 2, "both workers are ready");
        using var client = new WireClient(url, "e", Key) { LongestPoll = TimeSpan.FromSeconds(0.5) };
        var routed = Task.WhenAll(Enumerable.Range(0, 12).Select(_ => client.RequestAsync(40, Token)));
        var forwarded = Task.WhenAll(Enumerable.Range(0, 8).Select(_ => CallAsync(HttpMethod.Post, url + "/api/v1/endpoints/e/generate/sync?cost=40", new { input = new { } })));
        await UntilAsync(async () => (int)(await WorkersAsync(url)).Single(w => (long)w!["id"]! == (long)place["id"]!)!["reqs_working"]! > 0, "the worker has requests");

        frozen.Freeze();

        await forwarded.WaitAsync(TimeSpan.FromMinutes(1), Token);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.RequestAsync(10, Token))).WaitAsync(TimeSpan.FromMinutes(1), Token);
        await UntilAsync(async () => (double)(await EndpointAsync(url))["assigned_load"]! == 0, "nothing counts as assigned to the frozen worker");

        frozen.Thaw();
        await routed.WaitAsync(TimeSpan.FromMinutes(1), Token);
        await IdleAsync(url);
    }

    private async Task<JsonNode> EndpointAsync(string gateway) => (await CallAsync(HttpMethod.Get, gateway + "/api/v1/overview", null))["endpoints"]![0]!;

    private async Task<JsonArray> WorkersAsync(string gateway) => (await EndpointAsync(gateway))["workers"]!.AsArray();

    private ComfyServeProcess Gateway(string name, int port, string? database)
    {
        List<string> arguments = ["gateway", "--port", $"{port}", "--data", Path.Combine(_folder.FullName, name)];
        if (database is not null)
        {
            arguments.AddRange(["--database", database]);
        }

        return ComfyServeProcess.Start(arguments, new Dictionary<string, string> { ["COMFYSERVE_ADMIN_KEY"] = Key });
    }

    private static async Task<string> UrlAsync(ComfyServeProcess gateway) => (await gateway.ReadyAsync(Token)).ToString().TrimEnd('/');

    private async Task<WorkerServer> WorkerAsync(string madeAt, string reportsTo)
    {
        JsonNode? place = null;
        await UntilAsync(
            async () =>
            {
                place = await CallAsync(HttpMethod.Post, madeAt + "/api/v1/endpoints/e/workers", null);
                return true;
            },
            "the place is made");
        return await WorkerServer.StartAsync(
            new ScriptedWorkerOptions
            {
                Gateway = reportsTo,
                Id = (long)place!["id"]!,
                Mtoken = (string)place["mtoken"]!,
                Perf = 100,
                ReportEvery = TimeSpan.FromSeconds(0.2),
                MaxQueueTime = 2,
                Ours = true,
                NewerForm = true,
            },
            Token);
    }

    private async Task<List<string>> SubmitAsync(string gateway, int count)
    {
        List<string> jobs = [];
        for (var i = 0; i < count; i++)
        {
            jobs.Add((string)(await CallAsync(HttpMethod.Post, gateway + "/api/v1/endpoints/e/jobs", new { payload = new { input = new { i } }, cost = 30, max_attempts = 20 }))["id"]!);
        }

        return jobs;
    }

    // Every job is there, completed, with one result.
    private async Task EndAsync(string gateway, List<string> jobs)
    {
        foreach (var job in jobs)
        {
            JsonNode? now = null;
            await UntilAsync(
                async () =>
                {
                    now = await CallAsync(HttpMethod.Get, $"{gateway}/api/v1/endpoints/e/jobs/{job}?wait=10", null);
                    return (string)now["status"]! is not ("queued" or "running");
                },
                $"job {job} has ended");
            Assert.Equal("completed", (string)now!["status"]!);
            Assert.NotNull(now["result"]);
        }

        Assert.Equal(jobs.Count, (await CallAsync(HttpMethod.Get, gateway + "/api/v1/endpoints/e/jobs?limit=100", null))["jobs"]!.AsArray().Count);
    }

    private Task IdleAsync(string gateway) => UntilAsync(
        async () =>
        {
            var endpoint = await EndpointAsync(gateway);
            var waits = (int)endpoint["queued_requests"]! + (int)endpoint["waiting_jobs"]!;
            return waits + (double)endpoint["assigned_load"]! + endpoint["workers"]!.AsArray().Sum(static w => (int)w!["reqs_working"]! + (double)w["cur_load"]!) == 0;
        },
        "all counts are back to zero");

    private async Task<JsonNode> CallAsync(HttpMethod method, string url, object? body)
    {
        using var message = new HttpRequestMessage(method, url) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await _http.SendAsync(message, Token);
        answer.EnsureSuccessStatusCode();
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!;
    }

    // While an endpoint's owner moves, calls fail for some seconds.
    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        for (var begun = Stopwatch.StartNew(); begun.Elapsed < TimeSpan.FromSeconds(120);)
        {
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (HttpRequestException error) when (error.StatusCode is null or >= System.Net.HttpStatusCode.InternalServerError)
            {
                // It is moving.
            }

            await Task.Delay(100, Token);
        }

        throw new TimeoutException($"not within 120 s: {what}");
    }
}
