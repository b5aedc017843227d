namespace ComfyServe.Gateway.Routing;

/// <summary>
/// The requests that a router knows by index: waiting, assigned, and for a while those that ended, so that a late report
/// or a repeated call finds its request. Guarded by the router's lock.
/// </summary>
internal sealed class RequestLedger(RouterLimits limits)
{
    private readonly Dictionary<long, RequestEntry> _entries = [];
    private readonly Queue<Mark> _unconfirmed = new();
    private readonly Queue<Mark> _ended = new();

    /// <summary>Requests known.</summary>
    public int Count => _entries.Count;

    /// <summary>The request with this index.</summary>
    public RequestEntry? Find(long idx) => _entries.GetValueOrDefault(idx);

    /// <summary>Adds a new request.</summary>
    public void Add(RequestEntry entry) => _entries[entry.Idx] = entry;

    /// <summary>Drops a request.</summary>
    public void Remove(RequestEntry entry) => _entries.Remove(entry.Idx);

    /// <summary>A ticket was given: watch that the request is seen at its worker.</summary>
    public void Assigned(RequestEntry entry, long now) => _unconfirmed.Enqueue(new Mark(entry, now, now + limits.AssignmentLife));

    /// <summary>A request ended or was released: forget it later.</summary>
    public void Ended(RequestEntry entry, long now)
    {
        _ended.Enqueue(new Mark(entry, entry.AssignedAt, now + limits.EndedMemory));
        while (_ended.Count > limits.MaxEnded)
        {
            Forget(_ended.Dequeue());
        }
    }

    /// <summary>Assignments that were never seen at their worker and whose time is up.</summary>
    public RequestEntry? NextUnseen(long now)
    {
        while (_unconfirmed.TryPeek(out var mark))
        {
            var open = mark.Entry.State == RequestState.Assigned && !mark.Entry.SeenWorking && mark.Entry.AssignedAt == mark.At;
            if (open && mark.Until > now)
            {
                return null;
            }

            _unconfirmed.Dequeue();
            if (open)
            {
                return mark.Entry;
            }
        }

        return null;
    }

    /// <summary>Forgets requests that ended long ago.</summary>
    public void Sweep(long now)
    {
        while (_ended.TryPeek(out var mark) && mark.Until <= now)
        {
            Forget(_ended.Dequeue());
        }
    }

    private void Forget(Mark mark)
    {
        // It may have come back since: then it is waiting, or was given another ticket.
        if (mark.Entry.State is RequestState.Ended or RequestState.Released && mark.Entry.AssignedAt == mark.At)
        {
            _entries.Remove(mark.Entry.Idx);
        }
    }

    private readonly record struct Mark(RequestEntry Entry, long At, long Until);
}
