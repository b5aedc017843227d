using System.Text.Json.Nodes;
using ComfyServe.Jobs;
using ComfyServe.Testing;
using ComfyServe.Testing.Databases;
using ComfyServe.Testing.Engines;
using ComfyServe.Testing.Processes;
using ComfyServe.Testing.Web;
using Microsoft.Extensions.Logging.Abstractions;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>
/// The API service, its engines and its database killed again and again (SIGKILL; PostgreSQL as a power failure does), with jobs that last longer than the time between two
/// kills: most runs are cut off in the middle. Every accepted job ends once, is told once, and no job fails that never began.
/// </summary>
public sealed class CutOffRunsTests : IDisposable
{
    private const string Secret = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-cut-");
    private readonly List<string> _accepted = [];
    private readonly Random _chance = new(7);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Service_KilledInTheMiddleOfRuns_EveryJobEndsOnce()
    {
        Assert.SkipUnless(RecordedData.IsFull, "two hundred rounds; set COMFYSERVE_TEST_FULL=1");
        await using var stage = await StartAsync(null);
        for (var round = 0; round < 200; round++)
        {
            await using var service = Start(stage);
            await SubmitAsync(service, stage, round);
            await service.KillAsync(Cancellation);
            if (round % 4 == 3)
            {
                await LoseAnEngineAsync(stage); // what it ran is gone for good
            }
        }

        await EndAsync(stage);
    }

    [Fact]
    public async Task ServiceAndPostgres_KilledInTheMiddleOfRuns_EveryJobEndsOnce()
    {
        Assert.SkipUnless(RecordedData.IsFull, "a hundred rounds; set COMFYSERVE_TEST_FULL=1");
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed; run eng/install-test-tools.sh");
        await using var server = await PostgresServer.StartAsync();
        await using var stage = await StartAsync(await server.CreateDatabaseAsync());
        for (var round = 0; round < 100;)
        {
            await using var service = Start(stage);
            for (var crashes = _chance.Next(0, 3); crashes > 0 && round < 99; crashes--, round++)
            {
                await SubmitAsync(service, stage, round);
                await server.CrashAsync();
                await server.StartServerAsync();
            }

            await SubmitAsync(service, stage, round++);
            await service.KillAsync(Cancellation);
            if (round % 4 == 3)
            {
                await LoseAnEngineAsync(stage);
            }
        }

        await EndAsync(stage);
    }

    [Fact]
    public async Task Engines_KilledInTheMiddleOfRuns_EveryJobEndsOnce()
    {
        Assert.SkipUnless(RecordedData.IsFull, "two hundred rounds; set COMFYSERVE_TEST_FULL=1");
        await using var stage = await StartAsync(null);
        await using (var service = Start(stage))
        {
            for (var round = 0; round < 200; round++)
            {
                await SubmitAsync(service, stage, round);
                await LoseAnEngineAsync(stage);
            }

            await service.KillAsync(Cancellation);
        }

        await EndAsync(stage, "engine_unreachable", "run_lost");
    }

    /// <summary>Has a job accepted, waits until an engine works, and then for any moment of the runs' lives.</summary>
    private async Task SubmitAsync(ComfyServeProcess service, Stage stage, int round)
    {
        using var client = new ApiClient(await service.ReadyAsync(Cancellation));
        var id = $"job-{round}";
        var graph = $$$$"""{"1": {"class_type": "FakeSleep", "inputs": {"ms": {{{{_chance.Next(2_000, 4_000)}}}}}}, "9": {"class_type": "SaveImage", "inputs": {}, "_meta": {"title": "{{{{id}}}}"}}}""";
        if ((await client.SubmitAsync(graph, $""", "request_id": "{id}" """)).Status == 202)
        {
            _accepted.Add(id);
            await RunningAsync(stage);
        }

        await Task.Delay(TimeSpan.FromMilliseconds(_chance.Next(0, 1_500)), Cancellation);
    }

    private static async Task RunningAsync(Stage stage)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        while (!stage.Engines.Any(static e => e.IsRunning))
        {
            await Task.Delay(10, patience.Token);
        }
    }

    private async Task LoseAnEngineAsync(Stage stage)
    {
        var engine = stage.Engines[_chance.Next(stage.Engines.Count)];
        await engine.KillAsync();
        await engine.ReviveAsync();
    }

    /// <summary>Lets the last service come to the end of everything, and reads the ledger itself.</summary>
    private async Task EndAsync(Stage stage, params string[] alsoAllowed)
    {
        await using (var last = Start(stage))
        {
            using var client = new ApiClient(await last.ReadyAsync(Cancellation));
            foreach (var id in _accepted)
            {
                var result = (await client.ResultAsync(id)).Body;
                var status = (string?)result["status"] == "failed" ? (string?)result["error"]!["code"] : (string?)result["status"];
                Assert.Contains(status, (string?[])["completed", "suspected_of_crash", .. alsoAllowed]);
            }

            // A delivery that a killed process had under way is claimed for a little while.
            for (var count = _accepted.Count; Told(stage.Receiver).Count < _accepted.Count; count++)
            {
                await stage.Receiver.ReceivedAsync(count);
            }

            await last.StopAsync(Cancellation);
        }

        Assert.NotEmpty(_accepted);
        Assert.Equal(_accepted.Order(StringComparer.Ordinal), Told(stage.Receiver).Order(StringComparer.Ordinal));
        var messages = stage.Receiver.Requests.GroupBy(static r => (string)JsonNode.Parse(r.Body)!["id"]!, static r => r.Headers["webhook-id"]);
        Assert.All(messages, static m => Assert.Single(m.Distinct()));
        await CheckLedgerAsync(stage);
    }

    private async Task CheckLedgerAsync(Stage stage)
    {
        var submitted = stage.Engines.SelectMany(static e => e.Submitted).Select(static p => (string)p.Graph["9"]!["_meta"]!["title"]!).ToLookup(static n => n, StringComparer.Ordinal);
        var options = new LedgerOptions { Folder = Path.Combine(_folder.FullName, "api", "ledger"), Postgres = stage.Database, Key = Convert.FromHexString(Secret) };
        await using var ledger = await JobLedger.OpenAsync(options, TimeProvider.System, NullLogger<JobLedger>.Instance, Cancellation);
        var jobs = await ledger.ListAsync(new() { Limit = 1000 }, Cancellation);
        var known = jobs.Where(j => _accepted.Contains(j.Id)).ToList(); // one whose answer was lost with its service may be there too
        Assert.Equal(_accepted.Count, known.Count);
        foreach (var job in known)
        {
            Assert.True(JobTransitions.IsTerminal(job.State), job.Id);
            Assert.True(job.State == JobState.Completed || (submitted[job.Id].Any() && job.Attempts > 0), $"{job.Id} failed and never began");
            Assert.True(job.State == JobState.Completed || job.ErrorCode != "SuspectedOfCrash" || job.Losses == JobLedger.MaxLosses, $"{job.Id} is blamed for {job.Losses} deaths");
        }

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{known.Count} jobs: {known.Count(static j => j.State == JobState.Completed)} completed, {known.Count(static j => j.State == JobState.Failed)} failed; "
            + $"{submitted.Sum(static s => s.Count())} runs submitted, {known.Sum(static j => j.Losses)} cut off by a death");
    }

    private static HashSet<string> Told(FileServer receiver) => [.. receiver.Requests.Select(static r => (string)JsonNode.Parse(r.Body)!["id"]!)];

    private static async Task<Stage> StartAsync(string? database) =>
        new(await FileServer.StartAsync(static _ => Task.CompletedTask), [await FakeEngine.StartAsync(), await FakeEngine.StartAsync()], database);

    private ComfyServeProcess Start(Stage stage)
    {
        var settings = new Dictionary<string, string> { ["WEBHOOK_URL"] = stage.Receiver.BaseUrl, ["LEDGER_KEY"] = Secret };
        if (stage.Database is { } database)
        {
            settings["LEDGER_POSTGRES"] = database;
        }

        return ComfyServeProcess.Start(["api", "--port", "0", "--data", _folder.FullName, .. stage.Engines.SelectMany(static e => (string[])["--engine", e.BaseUrl])], settings);
    }

    private sealed record Stage(FileServer Receiver, IReadOnlyList<FakeEngine> Engines, string? Database) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Receiver.DisposeAsync();
            foreach (var engine in Engines)
            {
                await engine.DisposeAsync();
            }
        }
    }
}
