using ComfyServe.Gateway.Routing;

namespace ComfyServe.Gateway.Tests.Routing;

public sealed class CostMeterTests
{
    [Fact]
    public void Most_NothingKnown_IsAHundredTimesTheStandard() => Assert.Equal(10_000, new CostMeter().Most(0));

    [Fact]
    public void Most_RequestsOfOneCost_FollowsThem()
    {
        var meter = new CostMeter();
        for (var i = 0; i < 500; i++)
        {
            meter.Note("alice", 2_000, i);
        }

        Assert.InRange(meter.Most(500), 180_000, 200_000);
    }

    [Fact]
    public void Most_TinyRequests_StillAllowsTheStandard()
    {
        var meter = new CostMeter();
        for (var i = 0; i < 5_000; i++)
        {
            meter.Note("alice", 0.001, i);
        }

        Assert.Equal(100, meter.Most(5_000));
    }

    [Fact]
    public void Most_OneKeyClaimsAllThatIsAllowed_DoesNotRaiseItForOthers()
    {
        var meter = new CostMeter();
        for (var i = 0; i < 10_000; i++)
        {
            meter.Note("mallory", meter.Most(i), i);
            meter.Note("alice", 100, i);
        }

        Assert.Equal(10_000, meter.Most(10_000), 1);
    }

    [Fact]
    public void Most_KeyNotSeenForAnHour_NoLongerCounts()
    {
        var meter = new CostMeter();
        meter.Note("alice", 1, 0);

        Assert.Equal(10_000, meter.Most(3_600_001));
    }
}
