namespace ComfyServe.Gateway.Routing;

/// <summary>What one router keeps about one worker. Guarded by the router's lock.</summary>
internal sealed class WorkerSlot(WorkerRoute route)
{
    /// <summary>The worker, as last told.</summary>
    public WorkerRoute Route { get; set; } = route;

    /// <summary>Where it stands in the table's arrays.</summary>
    public int Index { get; set; }

    /// <summary>Requests that this router assigned to it and that have not ended.</summary>
    public List<RequestEntry> Assigned { get; } = [];

    /// <summary>Their load.</summary>
    public double OwnLoad { get; set; }

    /// <summary>Load that it reports and that this router did not assign.</summary>
    public double ForeignLoad { get; set; }

    /// <summary>Tickets given for it.</summary>
    public long Reqnum { get; set; }

    /// <summary>Times in a row that a request came back before the worker was seen to work on it.</summary>
    public int Strikes { get; set; }

    /// <summary>The same for each key, with the time until which the key's requests go elsewhere; empty when a request was seen here since.</summary>
    public Dictionary<string, KeyStrikes> StrikesByKey { get; } = new(StringComparer.Ordinal);

    /// <summary>When a request was last seen to have reached it, in milliseconds.</summary>
    public long ReachedAt { get; set; } = long.MinValue;

    /// <summary>No new requests before this time, in milliseconds.</summary>
    public long PausedUntil { get; set; } = long.MinValue;

    /// <summary>Seconds of queue at which it refused a request, or infinity.</summary>
    public double LearnedLimit { get; set; } = double.PositiveInfinity;

    /// <summary>When <see cref="LearnedLimit"/> is forgotten, in milliseconds.</summary>
    public long LearnedUntil { get; set; }

    /// <summary>Which of its reports are news.</summary>
    public ReportOrder Order { get; } = new();

    /// <summary>Stamp of the report that is being applied.</summary>
    public long ReportStamp { get; set; }

    /// <summary>Its load in this router's eyes.</summary>
    public double Outstanding => OwnLoad + ForeignLoad;
}
