namespace ComfyServe.Worker.Admission;

/// <summary>What the ledger has at one moment: gauges, and amounts since the last report that was accepted.</summary>
internal sealed record LoadTotals
{
    /// <summary>Load here now; sessions count up to half of what the queue takes.</summary>
    public required double Pending { get; init; }

    /// <summary>Load received less cancelled since.</summary>
    public required double Received { get; init; }

    /// <summary>Load refused since.</summary>
    public required double Rejected { get; init; }

    /// <summary>Load served since.</summary>
    public required double Served { get; init; }

    /// <summary>Requests and sessions here now that the gateway knows, with <see cref="LoadKind.SessionRequest"/> left out.</summary>
    public required IReadOnlyList<long> Working { get; init; }

    /// <summary>Those of them that are sessions.</summary>
    public required IReadOnlyList<long> Sessions { get; init; }
}
