using System.Threading.Channels;

namespace ComfyServe.Engine.Events;

/// <summary>
/// What one socket still has to send, in order. Adding never waits: of previews only the newest stay, and a client that
/// does not read the rest loses its connection; it connects again and reads the history.
/// </summary>
/// <param name="maxFrames">Most messages that wait.</param>
/// <param name="maxBytes">Most bytes that wait.</param>
internal sealed class OutgoingQueue(int maxFrames = 4096, long maxBytes = 64L << 20)
{
    private const int MaxPreviews = 2;

    // Guards the fields below.
    private readonly Lock _gate = new();
    private readonly LinkedList<OutgoingFrame> _frames = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private long _bytes;
    private int _previews;
    private int _holds;

    /// <summary>Adds a message. False when the queue is full of messages that must not be left out.</summary>
    public bool TryAdd(OutgoingFrame frame)
    {
        lock (_gate)
        {
            if (frame.IsPreview && _previews == MaxPreviews)
            {
                DropOldestPreview();
            }

            while (_previews > 0 && IsFull(frame))
            {
                DropOldestPreview();
            }

            if (IsFull(frame))
            {
                return frame.IsPreview;
            }

            _frames.AddLast(frame);
            _bytes += frame.Size;
            _previews += frame.IsPreview ? 1 : 0;
        }

        _ = _signal.Writer.TryWrite(true);
        return true;
    }

    /// <summary>The next message; waits for it. Null when the queue was closed and is empty.</summary>
    public async ValueTask<OutgoingFrame?> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake(out var frame))
            {
                return frame;
            }

            if (!await _signal.Reader.WaitToReadAsync(cancellationToken))
            {
                return TryTake(out frame) ? frame : null;
            }

            _ = _signal.Reader.TryRead(out _);
        }
    }

    /// <summary>Keeps messages back until the result is disposed of.</summary>
    public IDisposable Hold()
    {
        lock (_gate)
        {
            _holds++;
        }

        return new Held(this);
    }

    /// <summary>Lets <see cref="TakeAsync"/> end after the messages that wait.</summary>
    public void Close() => _ = _signal.Writer.TryComplete();

    private bool TryTake(out OutgoingFrame? frame)
    {
        lock (_gate)
        {
            frame = _holds > 0 ? null : _frames.First?.Value;
            if (frame is null)
            {
                return false;
            }

            Remove(_frames.First!);
            return true;
        }
    }

    private void Release()
    {
        lock (_gate)
        {
            _holds--;
        }

        _ = _signal.Writer.TryWrite(true);
    }

    private bool IsFull(OutgoingFrame frame) => _frames.Count >= maxFrames || (_frames.Count > 0 && _bytes + frame.Size > maxBytes);

    private void DropOldestPreview()
    {
        for (var node = _frames.First; node is not null; node = node.Next)
        {
            if (node.Value.IsPreview)
            {
                Remove(node);
                return;
            }
        }
    }

    private void Remove(LinkedListNode<OutgoingFrame> node)
    {
        _frames.Remove(node);
        _bytes -= node.Value.Size;
        _previews -= node.Value.IsPreview ? 1 : 0;
    }

    private sealed class Held(OutgoingQueue queue) : IDisposable
    {
        private OutgoingQueue? _queue = queue;

        public void Dispose() => Interlocked.Exchange(ref _queue, null)?.Release();
    }
}
