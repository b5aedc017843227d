using ComfyServe.Api.Engines;

namespace ComfyServe.Api.Tests.Engines;

/// <summary>An engine that somebody keeps running: it dies and comes back.</summary>
public sealed class KeptEngineTests : IEngineKeeper
{
    private const string Cause = "was killed by signal 9 (SIGKILL)";
    private volatile string? _away;

    public string? WhyAway(string engine) => _away;

    public string? LastEnd(string engine) => Cause;

    [Fact]
    public async Task Run_EngineIsAwayAndComesBack_WaitsLongerThanForOneThatNobodyKeeps()
    {
        await using var host = await ApiHost.StartAsync(Kept);
        await host.Engine.ConnectedAsync();
        _away = $"engine died: it {Cause}; restarting in 4 s";
        await host.Engine.KillAsync();

        var run = host.RunAsync(Workflows.Image);
        var (status, health) = await host.GetAsync("/health");
        while (status == 200)
        {
            (status, health) = await host.GetAsync("/health"); // the socket's end comes a moment later
        }

        await Task.Delay(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken); // three times what it would wait otherwise
        Assert.False(run.IsCompleted);
        Assert.Equal((503, _away), (status, (string?)health["reason"]));

        await host.Engine.ReviveAsync();
        _away = null;

        Assert.Equal(200, (await run).Status);
    }

    [Fact]
    public async Task Run_EndsTheEngineEachTime_IsGivenUpAndTheOneBehindItLosesNothing()
    {
        await using var host = await ApiHost.StartAsync(Kept);
        var poison = host.RunAsync(Workflows.Long);
        await host.Engine.RunningAsync();
        await host.SubmitAsync(Workflows.Long.Replace("60000", "1", StringComparison.Ordinal), """, "request_id": "behind" """);
        await host.Engine.SubmittedAsync(2);

        // A crash that comes before the service has heard that the run began is not yet its own.
        var crashes = 0;
        for (; !poison.IsCompleted; crashes++)
        {
            _away = $"engine died: it {Cause}; it is starting again";
            await host.Engine.KillAsync();
            await host.Engine.ReviveAsync();
            _away = null;
            await Task.WhenAny(poison, host.Engine.RunningAsync());
        }

        var (status, answer) = await poison;
        var (_, behind) = await host.GetAsync("/result/behind?wait=20");
        Assert.InRange(crashes, 3, 9);
        Assert.Equal((502, "run_lost"), (status, (string?)answer["error"]!["code"]));
        Assert.Contains($"lost the run: it {Cause}", (string?)answer["message"], StringComparison.Ordinal);
        Assert.Equal("completed", (string?)behind["status"]);
    }

    private void Kept(ApiOptions options)
    {
        options.Keeper = this;
        options.Times.NoEngine = TimeSpan.FromMilliseconds(100);
        options.Times.SocketRetry = TimeSpan.FromMilliseconds(50);
        options.Times.Silence = TimeSpan.FromMilliseconds(200);
    }
}
