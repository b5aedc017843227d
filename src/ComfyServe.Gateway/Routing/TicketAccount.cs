namespace ComfyServe.Gateway.Routing;

/// <summary>One key's tickets at one endpoint: those that nobody has used yet, and how many were used and wasted lately. Guarded by the router's lock.</summary>
internal sealed class TicketAccount(RouterLimits limits)
{
    private const double HalfLife = 300_000;
    private double _used;
    private double _wasted;
    private long _agedAt;

    /// <summary>Tickets that were given and that no worker has been seen to work on.</summary>
    public int Open { get; private set; }

    /// <summary>No ticket before this time, in milliseconds.</summary>
    public long PausedUntil { get; private set; } = long.MinValue;

    /// <summary>It uses at least as many tickets as it wastes: its word on a worker counts.</summary>
    public bool IsTrusted => _used >= _wasted;

    /// <summary>Nothing is left to remember.</summary>
    public bool IsForgotten(long now) => Open == 0 && PausedUntil <= now && Aged(now) && _used + _wasted < 0.5;

    /// <summary>A ticket was given.</summary>
    public void Give() => Open++;

    /// <summary>A ticket came back, was refused by its worker, or its worker died: nobody's fault.</summary>
    public void Return() => Open--;

    /// <summary>A ticket's request was seen at its worker.</summary>
    public void Use(long now)
    {
        Open--;
        _used += Aged(now) ? 1 : 0;
    }

    /// <summary>
    /// A ticket was not used. Some are wasted by clients that end at the wrong moment; a key that wastes more than it uses waits before it
    /// gets another, twice as long each time: an unused ticket keeps a worker from others.
    /// </summary>
    public void Waste(long now)
    {
        Open--;
        _wasted += Aged(now) ? 1 : 0;
        var excess = _wasted - _used - limits.WastedTickets;
        if (excess > 0)
        {
            PausedUntil = now + Math.Min(limits.LongestWastePause, limits.WastePause << (int)Math.Min(excess, 10));
        }
    }

    private bool Aged(long now)
    {
        var keep = Math.Pow(0.5, (now - _agedAt) / HalfLife);
        (_used, _wasted, _agedAt) = (_used * keep, _wasted * keep, now);
        return true;
    }
}
