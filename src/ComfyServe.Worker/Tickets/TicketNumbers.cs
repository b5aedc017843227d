namespace ComfyServe.Worker.Tickets;

/// <summary>
/// The ticket numbers seen: how many there were, and the older revisions' rule against replay (a number more than 100 below
/// the highest, or equal to one of the last 100, is refused). Thread-safe.
/// </summary>
internal sealed class TicketNumbers
{
    private const int Window = 100;
    private const int Remembered = 4096;
    private readonly Lock _gate = new(); // guards everything below
    private readonly HashSet<long> _known = [];
    private readonly Queue<long> _order = new();
    private readonly Queue<(long Number, string Signature)> _used = new();
    private long _highest;
    private long _count;

    /// <summary>Different numbers since the start.</summary>
    public long Count
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>Counts a number, once.</summary>
    public void Note(long number)
    {
        lock (_gate)
        {
            _highest = Math.Max(_highest, number);
            if (!_known.Add(number))
            {
                return;
            }

            _count++;
            _order.Enqueue(number);
            if (_order.Count > Remembered)
            {
                _known.Remove(_order.Dequeue());
            }
        }
    }

    /// <summary>Takes a ticket of an older revision; false if it is stale or was used.</summary>
    public bool TryUse(long number, string signature)
    {
        lock (_gate)
        {
            if (number < _highest - Window || _used.Contains((number, signature)))
            {
                return false;
            }

            _highest = Math.Max(_highest, number);
            _used.Enqueue((number, signature));
            if (_used.Count > Window)
            {
                _used.Dequeue();
            }

            return true;
        }
    }
}
