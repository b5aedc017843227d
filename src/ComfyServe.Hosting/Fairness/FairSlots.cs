namespace ComfyServe.Hosting.Fairness;

/// <summary>A bound on what is under way at a time, shared by owners: each has its own, and who waits is served in turn of owners.</summary>
public sealed class FairSlots(OwnerBounds bounds)
{
    private readonly Lock _gate = new(); // guards what follows
    private readonly OwnerTurns<Waiter> _queue = new();
    private readonly Dictionary<string, int> _held = new(StringComparer.Ordinal);
    private long _order;

    /// <summary>How many wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _queue.Count;
            }
        }
    }

    /// <summary>Waits for a slot; disposing gives it back.</summary>
    /// <param name="owner">For whom; null where there is one owner.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IDisposable> EnterAsync(string? owner, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var waiter = new Waiter(owner ?? "");
        lock (_gate)
        {
            waiter.Place = _queue.Add(waiter.Owner, waiter, _order++);
            Pump();
        }

        await using (cancellationToken.UnsafeRegister(_ => Abandon(waiter, cancellationToken), null))
        {
            return await waiter.Source.Task;
        }
    }

    private void Abandon(Waiter waiter, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_queue.Remove(waiter.Owner, waiter.Place!))
            {
                return; // Served at the same moment.
            }
        }

        waiter.Source.TrySetCanceled(cancellationToken);
    }

    private void Leave(string owner)
    {
        lock (_gate)
        {
            if (--_held[owner] == 0)
            {
                _held.Remove(owner);
            }

            Pump();
        }
    }

    /// <summary>Called under the lock; continuations run elsewhere.</summary>
    private void Pump()
    {
        while (_queue.Take(owner => bounds.Allows(owner, _held)) is { } next)
        {
            _held[next.Owner] = _held.GetValueOrDefault(next.Owner) + 1;
            next.Source.SetResult(new Slot(this, next.Owner));
        }
    }

    private sealed class Waiter(string owner)
    {
        public string Owner { get; } = owner;

        public LinkedListNode<(Waiter Item, long Order)>? Place { get; set; }

        public TaskCompletionSource<IDisposable> Source { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Slot(FairSlots slots, string owner) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                slots.Leave(owner);
            }
        }
    }
}
