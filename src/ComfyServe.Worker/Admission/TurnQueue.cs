namespace ComfyServe.Worker.Admission;

/// <summary>Lets a few requests work at the same time, strictly in the order in which they came.</summary>
internal sealed class TurnQueue(int slots)
{
    private readonly Lock _gate = new(); // guards both fields below
    private readonly LinkedList<TaskCompletionSource> _waiting = new();
    private int _free = slots;

    /// <summary>Waits for a turn; <see cref="Turn.Dispose"/> gives it back.</summary>
    /// <exception cref="OperationCanceledException">The caller went away first; it has no turn.</exception>
    public async Task<Turn> WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LinkedListNode<TaskCompletionSource> place;
        lock (_gate)
        {
            if (_free > 0)
            {
                _free--;
                return new Turn(this);
            }

            place = _waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        await using var leaving = cancellationToken.Register(() => Leave(place, cancellationToken));
        await place.Value.Task;
        return new Turn(this);
    }

    /// <summary>Gives a turn back: the next in line has it. Called by <see cref="Turn"/>.</summary>
    public void Release()
    {
        lock (_gate)
        {
            if (_waiting.First is { } next)
            {
                _waiting.RemoveFirst();
                next.Value.SetResult();
            }
            else
            {
                _free++;
            }
        }
    }

    private void Leave(LinkedListNode<TaskCompletionSource> place, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // Out of the list: the turn was given already, and the caller will give it back.
            if (place.List is not null)
            {
                _waiting.Remove(place);
                place.Value.SetCanceled(cancellationToken);
            }
        }
    }
}
