using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Testing;

namespace ComfyServe.Engine.Tests.Http;

/// <summary>A client's WebSocket.</summary>
internal sealed class TestSocket : IDisposable
{
    /// <summary>How long a test waits for a message that must come.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(RecordedData.IsFull ? 300 : 60);

    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[1 << 20];

    public static async Task<TestSocket> ConnectAsync(Uri engine, string path, string? firstMessage = null)
    {
        var socket = new TestSocket();
        await socket._socket.ConnectAsync(new UriBuilder(new Uri(engine, path)) { Scheme = "ws" }.Uri, TestContext.Current.CancellationToken);
        if (firstMessage is not null)
        {
            await socket.SendAsync(firstMessage);
        }

        return socket;
    }

    public Task SendAsync(string text) =>
        _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, TestContext.Current.CancellationToken);

    /// <summary>The next message: its text, or its bytes.</summary>
    public async Task<(string? Text, byte[] Bytes)> ReceiveAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        using var message = new MemoryStream();
        while (true)
        {
            var part = await _socket.ReceiveAsync(_buffer, limit.Token);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                throw new EndOfStreamException("the engine closed the socket");
            }

            message.Write(_buffer, 0, part.Count);
            if (part.EndOfMessage)
            {
                var bytes = message.ToArray();
                return (part.MessageType == WebSocketMessageType.Text ? Encoding.UTF8.GetString(bytes) : null, bytes);
            }
        }
    }

    /// <summary>The next message, which must be JSON.</summary>
    public async Task<JsonObject> ReceiveJsonAsync()
    {
        var (text, bytes) = await ReceiveAsync();
        Assert.True(text is not null, $"expected a text, got {bytes.Length} bytes");
        return JsonNode.Parse(text)!.AsObject();
    }

    /// <summary>Messages up to and with the first that fits.</summary>
    public async Task<IReadOnlyList<JsonObject>> ReceiveUntilAsync(Func<JsonObject, bool> isLast)
    {
        var messages = new List<JsonObject>();
        do
        {
            messages.Add(await ReceiveJsonAsync());
        }
        while (!isLast(messages[^1]));

        return messages;
    }

    public void Dispose() => _socket.Dispose();
}
