namespace ComfyServe.Provisioning.CleanUp;

/// <summary>When clean-up begins and where it ends.</summary>
public sealed record CleanUpRules
{
    /// <summary>Nothing is deleted while at least this is free, bytes. Default 512 MiB.</summary>
    public long LowMark { get; init; } = 512L << 20;

    /// <summary>Where older files are not enough, younger ones go too until this is free, bytes. Default null: younger ones never go.</summary>
    public long? HighMark { get; init; }

    /// <summary>Older files go, all of them. Default 24 h.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromHours(24);

    /// <summary>What is to be free in the end, bytes.</summary>
    public long Target => HighMark ?? LowMark;

    /// <summary>
    /// The rules for a volume, with marks that it can reach: at most a quarter of it as the low one, half of it as the high one.
    /// Else a volume that is smaller than a mark would never be left alone.
    /// </summary>
    /// <param name="total">Bytes that the volume holds in all.</param>
    public CleanUpRules For(long total) => this with { LowMark = Math.Min(LowMark, total / 4), HighMark = HighMark is { } high ? Math.Min(high, total / 2) : null };
}
