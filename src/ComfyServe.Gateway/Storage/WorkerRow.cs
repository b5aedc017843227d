namespace ComfyServe.Gateway.Storage;

/// <summary>A worker as it is stored: what must outlive the gateway.</summary>
[GenerateSerializer]
[Alias("comfyserve.WorkerRow")]
internal sealed record WorkerRow
{
    /// <summary>Its id.</summary>
    [Id(0)]
    public required long Id { get; init; }

    /// <summary>Its endpoint.</summary>
    [Id(1)]
    public required long EndpointId { get; init; }

    /// <summary>Its workergroup, or null for one that was registered by hand.</summary>
    [Id(2)]
    public long? WorkergroupId { get; init; }

    /// <summary>Its state, a name of <see cref="ComfyServe.Autoscaling.WorkerPhase"/>.</summary>
    [Id(3)]
    public string Phase { get; init; } = "Creating";

    /// <summary>What its provider calls it, when it has been made.</summary>
    [Id(4)]
    public string? Handle { get; init; }

    /// <summary>Its advertised URL, when it has reported.</summary>
    [Id(5)]
    public string? Url { get; init; }

    /// <summary>Load units per second in its benchmark, 0 before.</summary>
    [Id(6)]
    public double MeasuredPerf { get; init; }

    /// <summary>Load units per second to count on, corrected by real requests, 0 before.</summary>
    [Id(7)]
    public double Perf { get; init; }

    /// <summary>When it was made, Unix seconds.</summary>
    [Id(8)]
    public double CreatedAt { get; init; }

    /// <summary>When it last became ready, Unix seconds, 0 if never.</summary>
    [Id(9)]
    public double LoadedAt { get; init; }

    /// <summary>Why it is in error.</summary>
    [Id(10)]
    public string? Error { get; init; }

    /// <summary>Restarts since it last worked.</summary>
    [Id(11)]
    public int Reboots { get; init; }

    /// <summary>Revision of its workergroup that it runs.</summary>
    [Id(12)]
    public long Revision { get; init; }
}
