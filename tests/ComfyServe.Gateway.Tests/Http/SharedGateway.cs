namespace ComfyServe.Gateway.Tests.Http;

/// <summary>One gateway for the tests of a class, which keep apart by endpoints of their own: starting one takes a second.</summary>
public sealed class SharedGateway : IAsyncLifetime
{
    internal RunningGateway Gateway { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Gateway = await RunningGateway.StartAsync(o =>
    {
        o.RouteHold = TimeSpan.FromSeconds(0.5);
        o.CallsPerSecond = 1000;
        o.AllowedHosts = ["127.0.0.1"];
    });

    public ValueTask DisposeAsync() => Gateway.DisposeAsync();
}
