using System.Net;
using System.Net.Sockets;

namespace ComfyServe.Hosting;

/// <summary>A port for a program that cannot choose one itself.</summary>
public static class FreePort
{
    /// <summary>A loopback port that nobody listens on. Somebody else may take it before the caller does.</summary>
    public static int Find()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Whether nobody listens on a loopback port, and this user may.</summary>
    public static bool IsFree(int port)
    {
        try
        {
            using var probe = new TcpListener(IPAddress.Loopback, port);
            probe.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
