namespace ComfyServe.Provisioning.Downloads;

/// <summary>When to try again: exponential delays with jitter, never sooner than the server asks. Pure.</summary>
internal sealed record RetryPlan(int MaxAttempts, TimeSpan FirstDelay, double Factor)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestAsked = TimeSpan.FromMinutes(10);

    /// <summary>The delay before the next attempt, or null where there is none.</summary>
    /// <param name="failures">Attempts in a row that failed without progress, at least 1.</param>
    /// <param name="retryAfter">What the server asked for.</param>
    /// <param name="chance">From 0 to 1: shortens the delay by up to a quarter, so that many workers do not come at once.</param>
    public TimeSpan? Next(int failures, TimeSpan? retryAfter, double chance)
    {
        if (failures >= MaxAttempts || retryAfter > LongestAsked)
        {
            return null;
        }

        var delay = FirstDelay * Math.Pow(Factor, failures - 1) * (1 - (chance / 4));
        delay = delay > Longest ? Longest : delay;
        return retryAfter > delay ? retryAfter : delay;
    }
}
