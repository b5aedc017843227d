using ComfyServe.Worker.Reporting;
using ComfyServe.Worker.Tickets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ComfyServe.Worker.Tests.Tickets;

public sealed class KeyLoopTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_GatewayAnswers_KeyIsThere()
    {
        await using var gateway = await FakeGateway.StartAsync();
        var (loop, keys, _) = Loop(gateway.Url);
        using var running = loop;

        await loop.StartAsync(Token);
        await loop.FirstKey.WaitAsync(TimeSpan.FromSeconds(10), Token);

        Assert.True(keys.Any);
        await loop.StopAsync(Token);
    }

    [Fact]
    public async Task Start_GatewayAwayFiveTimes_IsAnErrorUntilItIsBack()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.KeyStatus = 503;
        var (loop, _, readiness) = Loop(gateway.Url);
        using var running = loop;
        await loop.StartAsync(Token);

        await AdvanceUntilAsync(() => readiness.Error.Length > 0);
        Assert.Equal("Failed to get Serverless public key after all retry attempts", readiness.Error);
        Assert.True(gateway.KeyCalls >= 5);
        gateway.KeyStatus = 200;
        await AdvanceUntilAsync(() => loop.FirstKey.IsCompleted);

        Assert.Equal("", readiness.Error);
        await loop.StopAsync(Token);
    }

    [Fact]
    public async Task IsReplaced_KeyWasReplaced_TakesItButLooksOnlyEveryTenSeconds()
    {
        await using var gateway = await FakeGateway.StartAsync();
        var (loop, _, _) = Loop(gateway.Url);
        using var running = loop;
        await loop.StartAsync(Token);
        await loop.FirstKey.WaitAsync(TimeSpan.FromSeconds(10), Token);
        gateway.ReplaceKey();

        var atOnce = await loop.IsReplacedAsync(Token);
        _time.Advance(TimeSpan.FromSeconds(11));
        var later = await loop.IsReplacedAsync(Token);

        Assert.False(atOnce);
        Assert.True(later);
        await loop.StopAsync(Token);
    }

    private (KeyLoop Loop, PublicKeys Keys, Readiness Readiness) Loop(Uri url)
    {
        var options = new WorkerOptions { Id = 1, Mtoken = "t", Gateways = [url] };
        var (keys, readiness) = (new PublicKeys(_time), new Readiness(_time));
        return (new KeyLoop(options, keys, new GatewayClient(options), readiness, _time, NullLogger<KeyLoop>.Instance), keys, readiness);
    }

    // The loop's calls are real, its pauses are not: let each call end before time passes.
    private async Task AdvanceUntilAsync(Func<bool> holds)
    {
        for (var i = 0; i < 2000 && !holds(); i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(1, Token);
        }

        Assert.True(holds());
    }
}
