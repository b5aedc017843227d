namespace ComfyServe.Gateway.Routing;

/// <summary>Times and bounds of routing, in milliseconds where they are times.</summary>
internal sealed record RouterLimits
{
    /// <summary>Least time between two tickets for the same request: a client that cannot reach its worker asks again at once.</summary>
    public long TicketGap { get; init; } = 1_000;

    /// <summary>
    /// A ticket whose request is not seen at its worker counts no longer than this: a client uses a ticket at once, and workers report each
    /// second. A request that comes later all the same (a large body on a slow line) counts again from the report that names it.
    /// </summary>
    public long AssignmentLife { get; init; } = 6_000;

    /// <summary>Most tickets of one key that nobody has been seen to use; its other requests wait, and are refused when that takes too long.</summary>
    public int MaxUnusedTickets { get; init; } = 1_000;

    /// <summary>Tickets that a key may have wasted lately beyond those that it used; above, it waits before it gets another.</summary>
    public double WastedTickets { get; init; } = 4;

    /// <summary>Wait of such a key, twice as long with each further ticket.</summary>
    public long WastePause { get; init; } = 1_000;

    /// <summary>Longest such wait.</summary>
    public long LongestWastePause { get; init; } = 300_000;

    /// <summary>First pause of a worker that a request came back from unseen; doubles with each strike.</summary>
    public long StrikePause { get; init; } = 2_000;

    /// <summary>Longest such pause.</summary>
    public long LongestPause { get; init; } = 30_000;

    /// <summary>Pause of a worker that refused a request.</summary>
    public long RefusalPause { get; init; } = 1_000;

    /// <summary>How long a worker's refusal teaches its queue limit.</summary>
    public long RefusalMemory { get; init; } = 300_000;

    /// <summary>How long an ended request is remembered.</summary>
    public long EndedMemory { get; init; } = 60_000;

    /// <summary>Most requests that wait at one endpoint; the others are told to wait without a place.</summary>
    public int MaxQueued { get; init; } = 10_000;

    /// <summary>Most ended requests remembered at one endpoint.</summary>
    public int MaxEnded { get; init; } = 100_000;
}
