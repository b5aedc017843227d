using ComfyServe.Gateway.Http;
using Microsoft.Extensions.Time.Testing;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>How often a key may call.</summary>
public sealed class CallPaceTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void TryReserve_AfterAPause_LetsTheBurstThroughAndNoMore()
    {
        var pace = new CallPace(10, 20, _time);

        var let = Enumerable.Range(0, 30).Count(_ => pace.TryReserve(TimeSpan.Zero, out var _));

        Assert.Equal(20, let);
    }

    [Fact]
    public void TryReserve_ForTenSeconds_LetsTheRateThrough()
    {
        var pace = new CallPace(10, 20, _time);
        var let = 0;
        for (var step = 0; step < 1000; step++)
        {
            let += pace.TryReserve(TimeSpan.Zero, out _) ? 1 : 0;
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.InRange(let, 20 + 99, 20 + 101);
    }

    [Fact]
    public void TryReserve_WithPatience_GivesTurnsInOrderUpToIt()
    {
        var pace = new CallPace(10, 1, _time);

        List<double> waits = [];
        while (pace.TryReserve(TimeSpan.FromSeconds(0.45), out var wait))
        {
            waits.Add(Math.Round(Math.Max(0, wait.TotalSeconds), 3));
        }

        Assert.Equal([0, 0.1, 0.2, 0.3, 0.4], waits);
    }

    [Fact]
    public async Task TryReserve_FromManyThreads_GivesNoTurnTwice()
    {
        var pace = new CallPace(1000, 500, _time);
        var let = 0;

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                if (pace.TryReserve(TimeSpan.Zero, out var _))
                {
                    Interlocked.Increment(ref let);
                }
            }
        })));

        Assert.Equal(500, let);
    }
}
