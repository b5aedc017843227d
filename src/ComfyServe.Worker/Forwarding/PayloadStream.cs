using System.Runtime.InteropServices;

namespace ComfyServe.Worker.Forwarding;

/// <summary>A part of a body as a stream to read.</summary>
internal sealed class PayloadStream(ReadOnlyMemory<byte> payload) : MemoryStream(Segment(payload).Array!, Segment(payload).Offset, payload.Length, writable: false)
{
    private static ArraySegment<byte> Segment(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetArray(memory, out var segment) ? segment : memory.ToArray();
}
