namespace ComfyServe.Client;

/// <summary>Pauses between tries: they double, are spread by chance, and have a ceiling.</summary>
internal static class Backoff
{
    /// <summary>Pause before question <paramref name="attempt"/> (from 0) for a worker: 1 s first, then at random up to a ceiling.</summary>
    public static TimeSpan Poll(int attempt, Random random, TimeSpan ceiling)
    {
        if (attempt == 0)
        {
            return TimeSpan.FromSeconds(1);
        }

        var most = Math.Min(Math.Pow(2, Math.Min(attempt, 20)) + random.NextDouble(), ceiling.TotalSeconds);
        return TimeSpan.FromSeconds(0.1 + (random.NextDouble() * Math.Max(0, most - 0.1)));
    }

    /// <summary>Pause before retry <paramref name="attempt"/> (from 1) on another worker.</summary>
    public static TimeSpan Retry(int attempt, Random random, TimeSpan ceiling) =>
        TimeSpan.FromSeconds(Math.Min(Math.Pow(2, Math.Min(attempt, 20) - 1) + random.NextDouble(), ceiling.TotalSeconds));
}
