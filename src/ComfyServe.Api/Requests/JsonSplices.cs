using System.Buffers;

namespace ComfyServe.Api.Requests;

/// <summary>Replaces some values in JSON text; every other byte stays as it was, so numbers, escapes and the order of keys survive.</summary>
internal sealed class JsonSplices
{
    private readonly List<(int Start, int Length, byte[] Replacement)> _splices = [];

    /// <summary>Replaces the value at <paramref name="start"/>. Values must be added in the order in which they stand.</summary>
    public void Add(long start, long end, byte[] replacement) => _splices.Add(((int)start, (int)(end - start), replacement));

    /// <summary>The new text; the same memory when nothing is replaced.</summary>
    public ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> json)
    {
        if (_splices.Count == 0)
        {
            return json;
        }

        var written = new ArrayBufferWriter<byte>(json.Length + 64);
        var position = 0;
        foreach (var (start, length, replacement) in _splices)
        {
            written.Write(json.Span[position..start]);
            written.Write(replacement);
            position = start + length;
        }

        written.Write(json.Span[position..]);
        return written.WrittenMemory;
    }
}
