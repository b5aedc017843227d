namespace ComfyServe.ScriptedWorker;

/// <summary>How a scripted worker behaves.</summary>
public sealed record ScriptedWorkerOptions
{
    /// <summary>The gateway; several, parted by commas, are tried in turn, as the original does.</summary>
    public required string Gateway { get; init; }

    /// <summary>Its id.</summary>
    public required long Id { get; init; }

    /// <summary>Its token.</summary>
    public required string Mtoken { get; init; }

    /// <summary>Load units per second that it claims; a request of cost c takes c ÷ speed.</summary>
    public required double Perf { get; init; }

    /// <summary>Its port, 0 for any.</summary>
    public int Port { get; init; }

    /// <summary>Time between reports.</summary>
    public TimeSpan ReportEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time from start to ready.</summary>
    public TimeSpan LoadTime { get; init; } = TimeSpan.Zero;

    /// <summary>Reports each ended request with its times (the newer form).</summary>
    public bool NewerForm { get; init; }

    /// <summary>Seconds of queue above which it answers 429, as the original's ComfyUI worker (10), or null for never.</summary>
    public double? MaxQueueTime { get; init; }

    /// <summary>Serves without looking at tickets.</summary>
    public bool Unsecured { get; init; }

    /// <summary>How far its clock is off.</summary>
    public TimeSpan ClockSkew { get; init; }

    /// <summary>Sends the members that only our own workers send.</summary>
    public bool Ours { get; init; }
}
