using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;

namespace ComfyServe.Testing.Engines;

/// <summary>The open WebSockets of a <see cref="FakeEngine"/>, by client id.</summary>
internal sealed class FakeEngineSockets
{
    private readonly ConcurrentDictionary<string, Connection> _byClient = new();

    public int Count => _byClient.Count;

    public async Task ServeAsync(WebSocket socket, string clientId, byte[] greeting, Action abort)
    {
        using var connection = new Connection(socket, abort);
        _byClient[clientId] = connection;
        connection.Send(greeting, WebSocketMessageType.Text);
        var writing = connection.WriteAsync();
        var buffer = new byte[4096];
        try
        {
            while (socket.State == WebSocketState.Open)
            {
                var received = await socket.ReceiveAsync(buffer, connection.Closed);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or Microsoft.AspNetCore.Connections.ConnectionResetException)
        {
            // The client or a scripted fault cut the socket.
        }

        _byClient.TryRemove(new(clientId, connection));
        connection.End();
        await writing;
    }

    public void Send(string? clientId, string text)
    {
        if (clientId is not null && _byClient.TryGetValue(clientId, out var connection))
        {
            connection.Send(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);
        }
    }

    public void SendBinary(string? clientId, byte[] frame)
    {
        if (clientId is not null && _byClient.TryGetValue(clientId, out var connection))
        {
            connection.Send(frame, WebSocketMessageType.Binary);
        }
    }

    public void Broadcast(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        foreach (var connection in _byClient.Values)
        {
            connection.Send(bytes, WebSocketMessageType.Text);
        }
    }

    public void DropAll()
    {
        foreach (var (id, connection) in _byClient)
        {
            _byClient.TryRemove(new(id, connection));
            connection.Abort();
        }
    }

    private sealed class Connection(WebSocket socket, Action abort) : IDisposable
    {
        private readonly CancellationTokenSource _closed = new();
        private readonly Channel<(byte[] Bytes, WebSocketMessageType Type)> _outgoing =
            Channel.CreateBounded<(byte[], WebSocketMessageType)>(new BoundedChannelOptions(100_000) { SingleReader = true });

        public CancellationToken Closed => _closed.Token;

        public void Send(byte[] bytes, WebSocketMessageType type) => _outgoing.Writer.TryWrite((bytes, type));

        public void End() => _outgoing.Writer.TryComplete();

        public void Abort()
        {
            _outgoing.Writer.TryComplete();
            try
            {
                _closed.Cancel();
                abort();
            }
            catch (ObjectDisposedException)
            {
                // It ended by itself at the same moment.
            }
        }

        public void Dispose() => _closed.Dispose();

        public async Task WriteAsync()
        {
            try
            {
                await foreach (var (bytes, type) in _outgoing.Reader.ReadAllAsync(Closed))
                {
                    await socket.SendAsync(bytes, type, endOfMessage: true, Closed);
                }
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
            {
                // Cut: what was not sent is lost, as on a real network.
            }
        }
    }
}
