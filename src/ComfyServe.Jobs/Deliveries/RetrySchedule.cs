namespace ComfyServe.Jobs.Deliveries;

/// <summary>When a delivery is tried again: pauses that triple, spread by chance, up to a ceiling, until it is given up.</summary>
internal static class RetrySchedule
{
    /// <summary>When to try next; null gives up.</summary>
    /// <param name="attempt">Number of the try that failed, from 1.</param>
    /// <param name="created">When the delivery was asked for.</param>
    /// <param name="now">Now.</param>
    /// <param name="options">Pauses.</param>
    /// <param name="chance">0 … 1.</param>
    public static DateTimeOffset? Next(int attempt, DateTimeOffset created, DateTimeOffset now, DeliveryOptions options, double chance)
    {
        var pause = Math.Min(options.LongestPause.TotalSeconds, options.FirstPause.TotalSeconds * Math.Pow(3, Math.Min(attempt - 1, 20)));
        var next = now + TimeSpan.FromSeconds(pause * (0.8 + (0.4 * chance)));
        return next - created > options.GiveUpAfter ? null : next;
    }
}
