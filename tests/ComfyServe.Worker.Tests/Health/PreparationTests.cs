namespace ComfyServe.Worker.Tests.Health;

public sealed class PreparationTests
{
    [Fact]
    public async Task Worker_PreparationFailed_ReportsTheReasonAndIsNeverReady()
    {
        await using var worker = await RunningWorker.StartAsync(
            change: o => o.Prepare = static _ => Task.FromResult<string?>("provisioning failed: models: 'a.safetensors': 404"), untilReady: false);

        await worker.Gateway.UntilAsync(static g => g.Statuses.Any(static s => ((string?)s["error_msg"] ?? "").Contains("a.safetensors", StringComparison.Ordinal)));

        Assert.All(worker.Gateway.Statuses, static s => Assert.Equal(0, (double)s["loadtime"]!));
        Assert.False(worker.Get<Readiness>().IsReady);
    }

    [Fact]
    public async Task Worker_PreparationRuns_IsNotReadyBeforeItsEnd()
    {
        var end = new TaskCompletionSource<string?>();
        await using var worker = await RunningWorker.StartAsync(change: o => o.Prepare = token => end.Task.WaitAsync(token), untilReady: false);
        await worker.Gateway.UntilAsync(static g => g.Statuses.Count > 2);
        Assert.False(worker.Get<Readiness>().IsReady);

        end.SetResult(null);

        await worker.Gateway.UntilReadyAsync();
    }
}
