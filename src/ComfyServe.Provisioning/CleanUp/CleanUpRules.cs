namespace ComfyServe.Provisioning.CleanUp;

/// <summary>When clean-up begins and where it ends.</summary>
public sealed record CleanUpRules
{
    /// <summary>Nothing is deleted while at least this is free, bytes. Default 512 MiB.</summary>
    public long LowMark { get; init; } = 512L << 20;

    /// <summary>Deleting ends when this is free, bytes. Default 1 GiB.</summary>
    public long HighMark { get; init; } = 1L << 30;

    /// <summary>Older files go first, all of them. Default 24 h.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromHours(24);
}
