using System.Net;
using System.Net.Sockets;

namespace ComfyServe.Hosting;

/// <summary>
/// A loopback port that is kept for one program over all its starts: a socket is bound to it and never listens, so the system gives the port to
/// nobody who asks for any free one, while whoever names it (as .NET's and Python's servers do, with <c>SO_REUSEADDR</c>) may listen on it.
/// </summary>
public sealed class ReservedPort : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>Takes a free port.</summary>
    public ReservedPort()
    {
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Number = ((IPEndPoint)_socket.LocalEndPoint!).Port;
    }

    /// <summary>The port.</summary>
    public int Number { get; }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
