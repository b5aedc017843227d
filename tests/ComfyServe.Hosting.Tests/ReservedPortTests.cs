using System.Net;
using System.Net.Sockets;

namespace ComfyServe.Hosting.Tests;

public sealed class ReservedPortTests
{
    [Fact]
    public void Reserved_ManyAskForAnyPort_NobodyGetsItButWhoNamesIt()
    {
        using var reserved = new ReservedPort();
        var others = Enumerable.Range(0, 300).Select(static _ => Listen(0)).ToList();

        var ports = others.Select(static o => ((IPEndPoint)o.LocalEndpoint).Port).ToList();
        others.ForEach(static o => o.Dispose());

        Assert.DoesNotContain(reserved.Number, ports);
        for (var start = 0; start < 3; start++)
        {
            using var server = Listen(reserved.Number);
            Assert.Equal(reserved.Number, ((IPEndPoint)server.LocalEndpoint).Port);
        }
    }

    private static TcpListener Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        return listener;
    }
}
