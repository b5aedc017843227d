namespace ComfyServe.Autoscaling.Tests;

public sealed class DemandTests
{
    [Fact]
    public void Rate_SteadyArrivals_IsTheirLoadPerSecond()
    {
        var window = new DemandWindow();
        for (var t = 0; t < 300; t++)
        {
            window.Add(50, t);
        }

        Assert.Equal(50, window.Rate(60, 300), 1e-9);
        Assert.Equal(50, window.PeakMinute(4, 300), 1e-9);
    }

    [Fact]
    public void Rate_JustBegun_IsOverTheTimeSinceTheStart()
    {
        var window = new DemandWindow();
        window.Add(100, 10);

        Assert.Equal(50, window.Rate(60, 12), 1e-9);
    }

    [Fact]
    public void Rate_LongSilence_IsZeroAndThePeakIsForgottenInTime()
    {
        var window = new DemandWindow();
        window.Add(6000, 30);

        Assert.Equal(0, window.Rate(60, 5000));
        Assert.Equal(100, window.PeakMinute(100, 5000), 1e-9);
        Assert.Equal(0, window.PeakMinute(60, 5000));
        Assert.Equal(0, window.PeakMinute(1400, 1_000_000));
    }

    [Fact]
    public void Of_ChanceArrivals_DoNotCountButAFloodDoes()
    {
        var window = new DemandWindow();
        for (var t = 0; t < 200; t += 2)
        {
            window.Add(100, t); // 0.5 requests a second
        }

        var calm = DemandSnapshot.Of(window, new ScalingHabits(), 100, 5, 200);
        for (var i = 0; i < 20; i++)
        {
            window.Add(100, 200 + (i / 10.0));
        }

        var flood = DemandSnapshot.Of(window, new ScalingHabits(), 100, 5, 203);

        Assert.Equal(50, calm.Load, 1e-9);
        Assert.True(flood.Load > 200, $"{flood.Load}");
        Assert.True(flood.LastingLoad < 90, $"{flood.LastingLoad}");
    }
}
