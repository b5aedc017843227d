namespace ComfyServe.Gateway.Tests.Http;

/// <summary>The short form of <see cref="FleetShareTests"/>, beside other tests.</summary>
public sealed class FleetShareShortTests
{
    [Fact]
    public async Task Overload_FourWorkersOneTwoFourEight_ServeInProportion()
    {
        double[] perfs = [100, 200, 400, 800];
        await using var gateway = await RunningGateway.StartAsync(o => o.CallsPerSecond = 1000);
        await using var fleet = await HttpFleet.StartAsync(gateway, "e", 0.5, unsecured: false, perfs);

        var result = await fleet.OverloadAsync(perfs, seconds: 4, atOnce: 100);

        // Beside other tests workers wait for a processor as much as for the gateway: how many requests each got is what can be told. The long form is strict.
        Assert.True(result.OfTickets < 0.2, $"largest relative error of a share of tickets: {result.OfTickets:P1}");
    }
}
