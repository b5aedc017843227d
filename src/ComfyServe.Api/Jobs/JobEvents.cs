namespace ComfyServe.Api.Jobs;

/// <summary>
/// The newest events of one job, for any number of readers at their own pace. A reader that falls behind by more than what is kept misses
/// the oldest ones: each event tells a state, so the later ones are enough.
/// </summary>
internal sealed class JobEvents(int capacity = JobEvents.DefaultCapacity)
{
    /// <summary>Events kept.</summary>
    internal const int DefaultCapacity = 1024;

    private readonly Lock _gate = new(); // guards all fields below
    private readonly Queue<JobEvent> _kept = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private JobEvent? _preview;
    private long _last;
    private bool _ended;

    /// <summary>Adds an event.</summary>
    public void Add(string? name, ReadOnlyMemory<byte> body)
    {
        TaskCompletionSource waiting;
        lock (_gate)
        {
            if (_kept.Count == capacity)
            {
                _kept.Dequeue();
            }

            _kept.Enqueue(new(++_last, name, body));
            waiting = Turn();
        }

        waiting.TrySetResult();
    }

    /// <summary>Keeps a preview image instead of the one before; previews have no place in the order of events.</summary>
    public void Show(ReadOnlyMemory<byte> body)
    {
        TaskCompletionSource waiting;
        lock (_gate)
        {
            _preview = new((_preview?.Id ?? 0) + 1, "preview", body);
            waiting = Turn();
        }

        waiting.TrySetResult();
    }

    /// <summary>No more events will come.</summary>
    public void End()
    {
        TaskCompletionSource waiting;
        lock (_gate)
        {
            _ended = true;
            waiting = Turn();
        }

        waiting.TrySetResult();
    }

    /// <summary>What a reader has not seen.</summary>
    /// <param name="id">The last event that the reader has; one that this log never had means that it has none.</param>
    public Page After(long id)
    {
        lock (_gate)
        {
            var from = id > _last ? 0 : id;
            return new([.. _kept.Where(e => e.Id > from)], _preview, _last, _ended, _changed.Task);
        }
    }

    /// <summary>Called under the lock; the caller completes the old source outside of it.</summary>
    private TaskCompletionSource Turn()
    {
        var waiting = _changed;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return waiting;
    }

    /// <summary>Events at one moment.</summary>
    /// <param name="Events">In order.</param>
    /// <param name="Preview">The newest preview; its ids count previews.</param>
    /// <param name="Last">Id of the newest event.</param>
    /// <param name="Ended">Whether these are all.</param>
    /// <param name="Changed">Completes when there is more.</param>
    internal sealed record Page(IReadOnlyList<JobEvent> Events, JobEvent? Preview, long Last, bool Ended, Task Changed);
}
