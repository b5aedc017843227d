namespace ComfyServe.Autoscaling.Tests;

/// <summary>The worked numbers of the original's guide; workers so small that their number is no matter.</summary>
public sealed class ScaleTargetsTests
{
    [Theory]
    [InlineData(900, 0.9, 1000)]
    [InlineData(900, 0.5, 1800)]
    [InlineData(900, 0.8, 1125)]
    [InlineData(900, 0.4, 2250)]
    public void Hot_LoadAndUtilisation_IsTheirQuotient(double load, double utilisation, double expected)
    {
        var targets = Of(new ScalingParameters { TargetUtil = utilisation }, load);

        Assert.Equal(expected, targets.Hot, 1e-6);
    }

    [Theory]
    [InlineData(100, 2, 0, 200)]
    [InlineData(150, 2, 0, 300)]
    [InlineData(100, 2, 300, 300)]
    [InlineData(150, 2, 300, 300)]
    [InlineData(200, 2, 300, 400)]
    public void Total_ColdMultAndMinColdLoad_TheLargerCounts(double load, double mult, double minCold, double expected)
    {
        var targets = Of(new ScalingParameters { TargetUtil = 0.9, ColdMult = mult, MinColdLoad = minCold }, load);

        Assert.Equal(expected, targets.Total, 1e-6);
    }

    [Fact]
    public void Hot_NoLoad_IsMinLoad()
    {
        Assert.Equal(10, Of(new ScalingParameters { MinLoad = 9, TargetUtil = 0.9 }, 0).Hot, 1e-6);
    }

    [Fact]
    public void Hot_FewLargeWorkers_HasMoreRoomThanTheQuotient()
    {
        var fleet = Fleet(new ScalingParameters { TargetUtil = 0.9 }, 60);

        var targets = ScaleTargets.Of(fleet, active: 60, coming: 0, typical: 10, new ScalingHabits());

        Assert.Equal(60 + (0.7 * Math.Sqrt(6) * 10), targets.Hot, 1e-6);
    }

    [Fact]
    public void Lasting_QueueThatWillBeGoneWhenNewWorkersCome_AsksForNone()
    {
        var fleet = Fleet(new ScalingParameters { MinLoad = 0 }, 0) with { RecruitTime = 120 };
        fleet = fleet with { Demand = fleet.Demand with { Queued = 3000, QueuedRequests = 30 } };

        var targets = ScaleTargets.Of(fleet, active: 100, coming: 0, typical: 100, new ScalingHabits());

        Assert.Equal(300, targets.Hot, 1e-6);
        Assert.Equal(100, targets.Lasting, 1e-6);
    }

    private static ScaleTargets Of(ScalingParameters parameters, double load) =>
        ScaleTargets.Of(Fleet(parameters, load), active: load, coming: 0, typical: 0.01, new ScalingHabits());

    private static FleetSnapshot Fleet(ScalingParameters parameters, double load) => new()
    {
        Parameters = parameters,
        Demand = new DemandSnapshot { Load = load, LastingLoad = load, ColdLoad = load },
        Workers = [],
    };
}
