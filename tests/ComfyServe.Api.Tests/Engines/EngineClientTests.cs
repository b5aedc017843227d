using System.Net.Sockets;
using ComfyServe.Api.Engines;

namespace ComfyServe.Api.Tests.Engines;

/// <summary>An engine's HTTP API when the engine is not well.</summary>
public sealed class EngineClientTests
{
    [Fact]
    public async Task Open_ConnectionIsNotTakenInTime_SaysThatTheEngineIsUnreachable()
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromMilliseconds(50),
            ConnectCallback = static async (_, cancellationToken) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
                return new NetworkStream(new Socket(SocketType.Stream, ProtocolType.Tcp));
            },
        };
        using var http = new HttpClient(handler);
        var client = new EngineClient(http, "http://engine.invalid", new EngineTimes(), TimeProvider.System);

        var thrown = await Assert.ThrowsAsync<EngineUnreachableException>(() => client.OpenAsync("output", "", "a.png", TestContext.Current.CancellationToken));

        Assert.StartsWith("Cannot connect to the engine within", thrown.Message, StringComparison.Ordinal);
    }
}
