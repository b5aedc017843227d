using ComfyServe.Hosting.Fairness;

namespace ComfyServe.Jobs.Deliveries;

/// <summary>How deliveries are tried.</summary>
public sealed record DeliveryOptions
{
    /// <summary>Tries under way at a time.</summary>
    public const int AtOnce = 64;

    /// <summary>How owners share them.</summary>
    public OwnerBounds Bounds { get; init; } = new(AtOnce, share: 50, owners: 0);

    /// <summary>How long a delivery is tried. Default 24 h.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Pause after the first failed try; it grows with each one. Default 5 s.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest pause between tries. Default 1 h.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromHours(1);
}
