using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace ComfyServe.Engine.Events;

/// <summary>One client's connection. Its first message may name the features that it knows; later ones are ignored.</summary>
/// <param name="socket">The accepted socket.</param>
/// <param name="flags">The answer to a client that names its features.</param>
internal sealed class EngineSocket(WebSocket socket, OutgoingFrame flags)
{
    private const int LongestFirstMessage = 1 << 20;
    private readonly OutgoingQueue _outgoing = new();
    private volatile bool _knowsPreviewMetadata;

    /// <summary>Whether the client asked for previews that name their node.</summary>
    public bool KnowsPreviewMetadata => _knowsPreviewMetadata;

    /// <summary>Sends a message, in order, without waiting. A client that is too slow loses its connection.</summary>
    public void Send(OutgoingFrame frame)
    {
        if (!_outgoing.TryAdd(frame))
        {
            socket.Abort();
            _outgoing.Close();
        }
    }

    /// <summary>Keeps messages back, in order, until the result is disposed of.</summary>
    public IDisposable Hold() => _outgoing.Hold();

    /// <summary>Sends and receives until either side ends.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writing = WriteAsync(ended.Token);
        await ReadAsync(ended.Token);
        _outgoing.Close();
        await ended.CancelAsync();
        await writing;
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await _outgoing.TakeAsync(cancellationToken) is { } frame)
            {
                await socket.SendAsync(frame.Bytes, frame.Type, endOfMessage: true, cancellationToken);
            }
        }
        catch (Exception e) when (IsGone(e, cancellationToken))
        {
            // Nothing more can be sent.
        }
        finally
        {
            // Without a writer the client would wait for ever: the reading side must end too.
            if (!cancellationToken.IsCancellationRequested)
            {
                socket.Abort();
            }
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        using var first = new MemoryStream();
        var isFirst = true;
        try
        {
            while (socket.State == WebSocketState.Open)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
                    return;
                }

                if (!isFirst || received.MessageType != WebSocketMessageType.Text)
                {
                    continue;
                }

                if (first.Length + received.Count <= LongestFirstMessage)
                {
                    await first.WriteAsync(buffer.AsMemory(0, received.Count), cancellationToken);
                }

                if (received.EndOfMessage)
                {
                    isFirst = false;
                    ReadFeatures(first.GetBuffer().AsMemory(0, (int)first.Length));
                }
            }
        }
        catch (Exception e) when (IsGone(e, cancellationToken))
        {
            // The client closed without a word, was too slow, or the engine stops.
        }
    }

    private void ReadFeatures(ReadOnlyMemory<byte> message)
    {
        try
        {
            using var json = JsonDocument.Parse(message);
            if (json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("type", out var type) && type.ValueEquals("feature_flags"))
            {
                _knowsPreviewMetadata = json.RootElement.TryGetProperty("data", out var data)
                    && data.ValueKind == JsonValueKind.Object
                    && data.TryGetProperty("supports_preview_metadata", out var flag)
                    && flag.ValueKind == JsonValueKind.True;
                Send(flags);
            }
        }
        catch (Exception e) when (e is JsonException or DecoderFallbackException or InvalidOperationException)
        {
            // Not JSON, or its type is no text: the client has no features to name.
        }
    }

    private static bool IsGone(Exception exception, CancellationToken cancellationToken) =>
        exception is WebSocketException or IOException or ObjectDisposedException
        || (exception is OperationCanceledException && cancellationToken.IsCancellationRequested)
        || exception is Microsoft.AspNetCore.Connections.ConnectionAbortedException or Microsoft.AspNetCore.Connections.ConnectionResetException;
}
