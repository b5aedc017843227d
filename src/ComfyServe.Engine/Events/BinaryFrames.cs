using System.Buffers.Binary;
using System.Text;

namespace ComfyServe.Engine.Events;

/// <summary>Layouts of binary messages: big-endian 32-bit numbers, then bytes.</summary>
internal static class BinaryFrames
{
    private const int PreviewImage = 1;
    private const int TextMessage = 3;
    private const int PreviewImageWithMetadata = 4;
    private const int Jpeg = 1;
    private const int Png = 2;

    /// <summary>A JPEG for clients that do not know <see cref="PreviewWithMetadata"/>.</summary>
    public static ReadOnlyMemory<byte> Preview(ReadOnlySpan<byte> jpeg) => Picture(Jpeg, jpeg);

    /// <summary>A PNG for clients that do not know <see cref="PreviewWithMetadata"/>.</summary>
    public static ReadOnlyMemory<byte> FinishedPicture(ReadOnlySpan<byte> png) => Picture(Png, png);

    /// <summary>A picture with the node that it belongs to.</summary>
    public static ReadOnlyMemory<byte> PreviewWithMetadata(string metadata, ReadOnlySpan<byte> picture) =>
        Named(PreviewImageWithMetadata, metadata, picture);

    /// <summary>A text that a node shows.</summary>
    public static ReadOnlyMemory<byte> Text(string nodeId, string text) => Named(TextMessage, nodeId, Encoding.UTF8.GetBytes(text));

    private static byte[] Picture(int format, ReadOnlySpan<byte> picture)
    {
        var frame = new byte[8 + picture.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, PreviewImage);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), format);
        picture.CopyTo(frame.AsSpan(8));
        return frame;
    }

    private static ReadOnlyMemory<byte> Named(int type, string name, ReadOnlySpan<byte> content)
    {
        var length = Encoding.UTF8.GetByteCount(name);
        var frame = new byte[8 + length + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, type);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), length);
        _ = Encoding.UTF8.GetBytes(name, frame.AsSpan(8));
        content.CopyTo(frame.AsSpan(8 + length));
        return frame;
    }
}
