using ComfyServe.Worker.Benchmark;
using CsCheck;

namespace ComfyServe.Worker.Tests.Benchmark;

public sealed class ScoreTests
{
    [Theory]
    [InlineData(100, 1.0)] // 72
    [InlineData(50, 2.0)]
    [InlineData(200, 0.5)]
    public void Measured_HundredOverSeconds_IsThePerf(double seconds, double perf)
    {
        var score = new Score();

        score.Measured(100 / seconds);

        Assert.Equal(perf, score.Perf);
    }

    [Fact]
    public void Observe_NotMeasured_StaysZero()
    {
        var score = new Score();

        score.Observe(100, TimeSpan.FromSeconds(1));

        Assert.Equal(0, score.Perf);
    }

    [Fact]
    public void Observe_OneOddJob_ChangesLittle()
    {
        var score = new Score();
        score.Measured(10);
        Repeat(score, 6, seconds: 10);

        score.Observe(100, TimeSpan.FromSeconds(200));

        Assert.InRange(score.Perf, 9, 11);
    }

    [Fact]
    public void Observe_ThrottledToAQuarter_IsBelievedAfterTwoJobs()
    {
        var score = new Score();
        score.Measured(10);
        Repeat(score, 6, seconds: 10);

        Repeat(score, 2, seconds: 40);

        Assert.InRange(score.Perf, 2.4, 2.6);
        Assert.Equal(10, score.Benchmark);
    }

    [Fact]
    public void Observe_FastAgain_IsBelievedAfterTwoJobs()
    {
        var score = new Score();
        score.Measured(10);
        Repeat(score, 4, seconds: 40);

        Repeat(score, 2, seconds: 10);

        Assert.InRange(score.Perf, 9.5, 10.5);
    }

    [Fact]
    public void Observe_Nonsense_IsIgnored() // 68
    {
        var score = new Score();
        score.Measured(10);

        score.Observe(double.NaN, TimeSpan.FromSeconds(1));
        score.Observe(-1, TimeSpan.FromSeconds(1));
        score.Observe(double.PositiveInfinity, TimeSpan.FromSeconds(1));
        score.Observe(100, TimeSpan.Zero);

        Assert.Equal(10, score.Perf);
    }

    [Fact]
    public void Observe_AnyJobs_StaysWithinBounds() =>
        Gen.Select(Gen.Double[0.01, 1000], Gen.Double[0.01, 10_000]).List[0, 40].Sample(static jobs =>
        {
            var score = new Score();
            score.Measured(10);
            foreach (var (cost, seconds) in jobs)
            {
                score.Observe(cost, TimeSpan.FromSeconds(seconds));
            }

            return score.Perf is >= 0.1 and <= 100;
        });

    private static void Repeat(Score score, int times, double seconds)
    {
        for (var i = 0; i < times; i++)
        {
            score.Observe(100, TimeSpan.FromSeconds(seconds));
        }
    }
}
