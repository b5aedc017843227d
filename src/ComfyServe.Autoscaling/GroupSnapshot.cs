namespace ComfyServe.Autoscaling;

/// <summary>A workergroup as scaling sees it.</summary>
public sealed record GroupSnapshot
{
    /// <summary>Its id.</summary>
    public required long Id { get; init; }

    /// <summary>Workers that its provider can make now; 0 while it has no room, or failed a moment ago.</summary>
    public int Room { get; init; }

    /// <summary>Its own least number of workers, if it has one.</summary>
    public int? ColdWorkers { get; init; }
}
