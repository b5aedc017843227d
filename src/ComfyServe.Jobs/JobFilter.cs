namespace ComfyServe.Jobs;

/// <summary>Which jobs to list.</summary>
public sealed record JobFilter
{
    /// <summary>Only this queue; null for all.</summary>
    public string? Queue { get; init; }

    /// <summary>Only this state; null for all.</summary>
    public JobState? State { get; init; }

    /// <summary>Only this owner; null for all.</summary>
    public string? Owner { get; init; }

    /// <summary>Continues after this job of an earlier list.</summary>
    public JobKey? After { get; init; }

    /// <summary>At most this many, newest first. 1 … 1000, default 100.</summary>
    public int Limit { get; init; } = 100;
}
