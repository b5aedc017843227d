namespace ComfyServe.Gateway.Endpoints;

/// <summary>How long workers may be silent, in seconds.</summary>
internal sealed record LivenessLimits
{
    /// <summary>Ours report every second.</summary>
    public double OurSilence { get; init; } = 3;

    /// <summary>The original's report at most ten seconds apart, and try each address three times.</summary>
    public double OriginalSilence { get; init; } = 30;

    /// <summary>Silence after which a worker that was ready is taken for broken.</summary>
    public double LostAfter { get; init; } = 120;

    /// <summary>Time from making or starting a worker until it is ready, above which it is taken for broken.</summary>
    public double LoadTime { get; init; } = 1_800;

    /// <summary>Longest time that a worker is given to finish what it has before it is stopped all the same.</summary>
    public double DrainTime { get; init; } = 600;

    /// <summary>Least time between closing a worker and stopping it: tickets may be on their way.</summary>
    public double DrainGrace { get; init; } = 2;
}
