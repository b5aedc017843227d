using System.Net.WebSockets;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using ComfyServe.Engine.Tests.Http;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>One client of a scenario: what the engine sent it is kept until the scenario looks at it.</summary>
internal sealed class TraceSocket : IAsyncDisposable
{
    private readonly Channel<(string? Text, byte[] Bytes)> _received = Channel.CreateBounded<(string? Text, byte[] Bytes)>(100_000);
    private readonly TestSocket _socket;
    private readonly ChannelWriter<bool> _arrived;
    private readonly Task _reading;

    private TraceSocket(string name, TestSocket socket, ChannelWriter<bool> arrived)
    {
        (Name, _socket, _arrived) = (name, socket, arrived);
        _reading = ReadAsync();
    }

    /// <summary>What the scenario calls it; empty where it does not.</summary>
    public string Name { get; }

    /// <summary>Connects; each message is told to <paramref name="arrived"/> too.</summary>
    public static async Task<TraceSocket> ConnectAsync(string name, Uri engine, string path, ChannelWriter<bool> arrived) =>
        new(name, await TestSocket.ConnectAsync(engine, path), arrived);

    public Task SendAsync(string text) => _socket.SendAsync(text);

    /// <summary>The next message, where it is there already.</summary>
    public bool TryPeek(out (string? Text, byte[] Bytes) message) => _received.Reader.TryPeek(out message);

    /// <summary>Takes the message that was looked at.</summary>
    public (string? Text, byte[] Bytes) Take() => _received.Reader.TryRead(out var message) ? message : throw new InvalidOperationException("nothing was received");

    /// <summary>Waits for a message; false when none will come any more.</summary>
    public async Task<bool> WaitAsync(CancellationToken cancellationToken) => await _received.Reader.WaitToReadAsync(cancellationToken);

    /// <summary>Whether the next message may be the recorded one: a text of the same type, or bytes.</summary>
    public bool Fits(JsonObject recorded) =>
        TryPeek(out var next) && (recorded["text"] is { } text ? next.Text is not null && TypeOf(next.Text) == TypeOf((string)text!) : next.Text is null);

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _reading;
    }

    /// <summary>A message's kind.</summary>
    public static string? TypeOf(string message) => (string?)JsonNode.Parse(message)!["type"];

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                await _received.Writer.WriteAsync(await _socket.ReceiveAsync());
                _ = _arrived.TryWrite(true);
            }
        }
        catch (Exception e) when (e is EndOfStreamException or WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            _received.Writer.Complete();
        }
    }
}
