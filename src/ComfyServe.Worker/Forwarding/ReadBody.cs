using ComfyServe.Hosting;

namespace ComfyServe.Worker.Forwarding;

/// <summary>A request's body in memory, or the status to refuse it with.</summary>
/// <remarks>The memory is not pooled: a forwarder that was cut off may still read it for a moment, and must not see another request's.</remarks>
internal sealed class ReadBody : IDisposable
{
    private readonly BodyBudget? _budget;
    private byte[] _buffer = [];
    private long _taken;

    /// <summary>A body that was not read.</summary>
    public ReadBody(int refusal) => Refusal = refusal;

    /// <summary>A body that is about to be read.</summary>
    public ReadBody(BodyBudget budget) => _budget = budget;

    /// <summary>The status to refuse with; 0 for a body that was read.</summary>
    public int Refusal { get; }

    /// <summary>Bytes read.</summary>
    public int Length { get; private set; }

    /// <summary>The body.</summary>
    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, Length);

    /// <summary>Room for more.</summary>
    public Memory<byte> Free => _buffer.AsMemory(Length);

    /// <summary>Makes room for this many bytes in all; false when the budget does not have them.</summary>
    public bool TryGrow(long capacity)
    {
        if (!_budget!.TryTake(capacity - _taken))
        {
            return false;
        }

        _taken = capacity;
        var larger = GC.AllocateUninitializedArray<byte>((int)capacity);
        Memory.CopyTo(larger);
        _buffer = larger;
        return true;
    }

    /// <summary>That many bytes were read into <see cref="Free"/>.</summary>
    public void Advance(int count) => Length += count;

    /// <inheritdoc/>
    public void Dispose() => _budget?.Return(Interlocked.Exchange(ref _taken, 0));
}
