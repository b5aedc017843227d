namespace ComfyServe.Gateway.Routing;

/// <summary>
/// Requests that wait at an endpoint, first come first served. A place survives the pauses between a client's polls;
/// while a client is away, those behind it that are here may go first. Guarded by the router's lock.
/// </summary>
internal sealed class RequestQueue
{
    private static readonly Comparer<RequestEntry> BySequence = Comparer<RequestEntry>.Create((a, b) => a.Sequence.CompareTo(b.Sequence));
    private readonly SortedSet<RequestEntry> _all = new(BySequence);
    private readonly SortedSet<RequestEntry> _here = new(BySequence);

    /// <summary>Requests that wait, here or away.</summary>
    public int Count => _all.Count;

    /// <summary>Their load.</summary>
    public double Load { get; private set; }

    /// <summary>Whether a call is held.</summary>
    public bool AnyHere => _here.Count > 0;

    /// <summary>The request that has waited longest.</summary>
    public RequestEntry? Oldest => _all.Min;

    /// <summary>Adds a request, or keeps its place.</summary>
    public void Add(RequestEntry entry)
    {
        if (_all.Add(entry))
        {
            Load += entry.Cost;
        }
    }

    /// <summary>Holds a call for a request in the queue; gives back the call that it replaces.</summary>
    public RouteWaiter? Hold(RequestEntry entry, RouteWaiter waiter)
    {
        var replaced = entry.Waiter;
        entry.Waiter = waiter;
        _here.Add(entry);
        return replaced;
    }

    /// <summary>The call for a request ended; the request keeps its place.</summary>
    public void LetGo(RequestEntry entry)
    {
        entry.Waiter = null;
        _here.Remove(entry);
    }

    /// <summary>Takes a request out.</summary>
    public void Remove(RequestEntry entry)
    {
        if (_all.Remove(entry))
        {
            Load = _all.Count == 0 ? 0 : Load - entry.Cost;
        }

        LetGo(entry);
    }

    /// <summary>The requests that are here, in order. Not to be changed while somebody goes through them.</summary>
    public IReadOnlyCollection<RequestEntry> Here => _here;

    /// <summary>Requests ahead of this one.</summary>
    public int Ahead(RequestEntry entry)
    {
        var ahead = 0;
        foreach (var other in _all)
        {
            if (other.Sequence >= entry.Sequence)
            {
                break;
            }

            ahead++;
        }

        return ahead;
    }

    /// <summary>Calls whose time is up.</summary>
    public List<RequestEntry> Overdue(long now) => _here.Where(e => e.Waiter!.Deadline <= now).ToList();

    /// <summary>Requests that nobody has asked for in time.</summary>
    public List<RequestEntry> Forgotten(long now) => _all.Where(e => e.Waiter is null && e.ForgetAt <= now).ToList();
}
