using ComfyServe.Api.Jobs.Durable;
using ComfyServe.Jobs;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Api.Tests.Jobs;

/// <summary>What restarts and deaths of the service cost a job.</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task Restart_AgainAndAgainWhileAJobWaits_CostsItNothing()
    {
        await using var host = await ApiHost.StartAsync();
        await host.Engine.KillAsync();
        await host.SubmitAsync(Workflows.Image, """, "request_id": "waits" """);
        for (var restart = 0; restart < 5; restart++)
        {
            await DieAsync(host);
        }

        await host.Engine.ReviveAsync();

        Assert.Equal("completed", (string?)(await host.GetAsync("/result/waits?wait=60")).Body["status"]);
        Assert.Single(host.Engine.Submitted);
    }

    [Fact]
    public async Task Restart_InGoodOrder_IsNoLossOfARunningJob()
    {
        await using var host = await ApiHost.StartAsync();
        await host.SubmitAsync(Workflows.Long, """, "request_id": "runs" """);
        await host.Engine.RunningAsync();
        for (var restart = 0; restart < JobLedger.MaxLosses + 1; restart++)
        {
            await host.RestartAsync();
            await RunningAsync(host, "runs");
        }

        var record = await LedgerOf(host).FindAsync(new(null, "runs"), TestContext.Current.CancellationToken);
        Assert.Equal((0, 1), (record!.Losses, record.Attempts));
        Assert.Single(host.Engine.Submitted);
    }

    [Fact]
    public async Task Death_ThreeTimesWhileAJobRuns_ParksItAsTheSuspectAndNobodyElse()
    {
        await using var host = await ApiHost.StartAsync();
        await host.SubmitAsync(Workflows.Long, """, "request_id": "poison" """);
        await host.Engine.RunningAsync();
        await host.SubmitAsync(Workflows.Steps, """, "request_id": "waits" """);
        for (var death = 0; death < JobLedger.MaxLosses; death++)
        {
            await RunningAsync(host, "poison");
            await DieAsync(host, engineToo: true);
        }

        var (_, poison) = await host.GetAsync("/result/poison");
        Assert.Equal(("failed", "suspected_of_crash"), ((string?)poison["status"], (string?)poison["error"]!["code"]));
        Assert.Contains("died 3 times", (string?)poison["error"]!["message"], StringComparison.Ordinal);
        Assert.Equal("completed", (string?)(await host.GetAsync("/result/waits?wait=60")).Body["status"]);
    }

    [Fact]
    public async Task Death_AgainAndAgainWhileTheEngineGoesOn_LosesNothing()
    {
        await using var host = await ApiHost.StartAsync();
        await host.SubmitAsync(Workflows.Long, """, "request_id": "lives" """);
        for (var death = 0; death < JobLedger.MaxLosses + 2; death++)
        {
            await RunningAsync(host, "lives");
            await DieAsync(host);
        }

        await RunningAsync(host, "lives");
        var record = await LedgerOf(host).FindAsync(new(null, "lives"), TestContext.Current.CancellationToken);
        Assert.Equal((0, 1), (record!.Losses, record.Attempts));
        Assert.Single(host.Engine.Submitted);
    }

    [Fact]
    public async Task Death_ThreeTimesOverAnEndedRunsResult_ParksTheJob()
    {
        await using var host = await ApiHost.StartAsync();
        await host.SubmitAsync(Workflows.Long, """, "request_id": "giant" """);
        for (var death = 0; death < JobLedger.MaxLosses; death++)
        {
            await RunningAsync(host, "giant");
            await DieAsync(host, meanwhile: () =>
            {
                // The run ends while nobody watches, and whoever asks for its result is held until it dies.
                host.Engine.InterruptRunning();
                host.Engine.Answer = static request => request.Path.StartsWithSegments("/history") ? Microsoft.AspNetCore.Http.Results.StatusCode(500) : null;
            });
        }

        Assert.Equal("suspected_of_crash", (string?)(await host.GetAsync("/result/giant")).Body["error"]!["code"]);
    }

    /// <summary>A death as the ledger sees it: the process stops, and what it left in good order is as if it had not been able to.</summary>
    private static async Task DieAsync(ApiHost host, bool engineToo = false, Action? meanwhile = null)
    {
        var running = await RunsAsync(host);
        await host.StopServiceAsync();
        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(host.Folder, "ledger", "ledger.db")};Pooling=false"))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            foreach (var id in running)
            {
                await using var command = connection.CreateCommand();
                command.CommandText = $"UPDATE jobs SET running = 1 WHERE id = '{id}' AND state = 1";
                await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            }
        }

        if (engineToo)
        {
            await host.Engine.KillAsync();
            await host.Engine.ReviveAsync();
        }

        meanwhile?.Invoke();
        await host.StartServiceAsync();
    }

    private static async Task<List<string>> RunsAsync(ApiHost host) =>
        [.. (await LedgerOf(host).ListAsync(new() { State = JobState.Leased }, TestContext.Current.CancellationToken)).Where(static j => j.IsRunning).Select(static j => j.Id)];

    private static async Task RunningAsync(ApiHost host, string id)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (!(await RunsAsync(host)).Contains(id))
        {
            await Task.Delay(10, patience.Token);
        }
    }

    private static JobLedger LedgerOf(ApiHost host) => host.Services.GetRequiredService<ServiceLedger>().Jobs;
}
