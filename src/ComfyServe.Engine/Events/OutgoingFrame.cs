using System.Net.WebSockets;
using System.Text;

namespace ComfyServe.Engine.Events;

/// <summary>One WebSocket message, shared by all sockets that it goes to.</summary>
internal sealed class OutgoingFrame
{
    private readonly Lazy<ReadOnlyMemory<byte>> _bytes;

    private OutgoingFrame(WebSocketMessageType type, bool isPreview, int size, Lazy<ReadOnlyMemory<byte>> bytes) =>
        (Type, IsPreview, Size, _bytes) = (type, isPreview, size, bytes);

    /// <summary>Text or binary.</summary>
    public WebSocketMessageType Type { get; }

    /// <summary>Whether the message may be left out for a slow client.</summary>
    public bool IsPreview { get; }

    /// <summary>About how many bytes it keeps in memory.</summary>
    public int Size { get; }

    /// <summary>The message. A preview is encoded here, on the thread of the first socket that sends it.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.Value;

    /// <summary>A text message.</summary>
    public static OutgoingFrame Text(string text)
    {
        ReadOnlyMemory<byte> bytes = Encoding.UTF8.GetBytes(text);
        return new OutgoingFrame(WebSocketMessageType.Text, isPreview: false, bytes.Length, new Lazy<ReadOnlyMemory<byte>>(bytes));
    }

    /// <summary>A binary message.</summary>
    public static OutgoingFrame Binary(ReadOnlyMemory<byte> bytes) =>
        new(WebSocketMessageType.Binary, isPreview: false, bytes.Length, new Lazy<ReadOnlyMemory<byte>>(bytes));

    /// <summary>A preview that is encoded only if it is sent.</summary>
    public static OutgoingFrame Preview(int size, Func<ReadOnlyMemory<byte>> encode) =>
        new(WebSocketMessageType.Binary, isPreview: true, size, new Lazy<ReadOnlyMemory<byte>>(encode));
}
