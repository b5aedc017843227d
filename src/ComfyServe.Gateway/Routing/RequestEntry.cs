namespace ComfyServe.Gateway.Routing;

/// <summary>One request's life in a router, from its first call to a while after its end. Guarded by the router's lock.</summary>
internal sealed class RequestEntry(long idx, double cost, long sequence, string key)
{
    /// <summary>The request's index.</summary>
    public long Idx { get; } = idx;

    /// <summary>The key that got the index: nobody else's question with this index is about this request. Empty for the gateway itself.</summary>
    public string Key { get; } = key;

    /// <summary>The account that has its ticket among the unused ones; null when there is no ticket, or it was seen to be used.</summary>
    public TicketAccount? Unused { get; set; }

    /// <summary>Its cost in load units.</summary>
    public double Cost { get; set; } = cost;

    /// <summary>Its place: requests are served in this order, which survives polls and retries.</summary>
    public long Sequence { get; } = sequence;

    /// <summary>Where it stands.</summary>
    public RequestState State { get; set; }

    /// <summary>The worker that has it, or had it last; 0 for none.</summary>
    public long WorkerId { get; set; }

    /// <summary>When the last ticket was given, in milliseconds.</summary>
    public long AssignedAt { get; set; } = long.MinValue;

    /// <summary>When it began to wait, in milliseconds.</summary>
    public long QueuedAt { get; set; }

    /// <summary>When it is dropped from the queue unless asked for again, in milliseconds.</summary>
    public long ForgetAt { get; set; }

    /// <summary>No ticket before this time, in milliseconds.</summary>
    public long NotBefore { get; set; } = long.MinValue;

    /// <summary>The worker was seen to work on it.</summary>
    public bool SeenWorking { get; set; }

    /// <summary>Why the gateway itself did not reach its worker, until it comes back.</summary>
    public string? Trouble { get; set; }

    /// <summary>Stamp of the last report that named it.</summary>
    public long ReportStamp { get; set; }

    /// <summary>Tickets given.</summary>
    public int Attempts { get; set; }

    /// <summary>The call that is held for it, if any.</summary>
    public RouteWaiter? Waiter { get; set; }

    /// <summary>The held call that its present ticket was given to; null when the ticket was given at once.</summary>
    public RouteWaiter? GivenTo { get; set; }
}
