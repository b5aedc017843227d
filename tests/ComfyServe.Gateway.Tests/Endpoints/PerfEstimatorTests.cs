using ComfyServe.Gateway.Endpoints;

namespace ComfyServe.Gateway.Tests.Endpoints;

public sealed class PerfEstimatorTests
{
    private readonly PerfEstimator _perf = new();
    private double _now;

    public PerfEstimatorTests() => _perf.Benchmarked(100);

    [Fact]
    public void Ended_ClockSetBackByAnHour_GoesOnLearning()
    {
        Work(from: 10_000, requests: 6, seconds: 2);

        Work(from: 6_400, requests: 6, seconds: 4);

        Assert.Equal(25, _perf.Perf, 1.0);
    }

    [Fact]
    public void Ended_ClockSetBackByASecond_IsNotTakenForWorkSideBySide()
    {
        Work(from: 10_000, requests: 6, seconds: 2);

        Work(from: 10_011, requests: 6, seconds: 2);

        Assert.False(_perf.Parallel);
        Assert.Equal(50, _perf.Perf, 1.0);
    }

    [Fact]
    public void Ended_RequestsShareTheirTime_BenchmarkStands()
    {
        for (var i = 0; i < 4; i++)
        {
            _perf.Ended(100, 10_000 + i, 10_010 + i, ++_now);
        }

        Assert.True(_perf.Parallel);
        Assert.Equal(100, _perf.Perf);
    }

    [Fact]
    public void Ended_NeverByTheClock_ChangesNothing()
    {
        _perf.Ended(100, 10_000, double.PositiveInfinity, ++_now);

        Work(from: 10_000, requests: 6, seconds: 2);

        Assert.Equal(50, _perf.Perf, 1.0);
    }

    // One request after another, each of 100 load units and so many seconds of the worker's clock.
    private void Work(double from, int requests, double seconds)
    {
        for (var i = 0; i < requests; i++)
        {
            _now += seconds;
            _perf.Ended(100, from + (i * seconds), from + ((i + 1) * seconds), _now);
        }
    }
}
