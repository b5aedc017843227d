using System.Collections.Concurrent;

namespace ComfyServe.Gateway.Routing;

/// <summary>
/// What requests of an endpoint cost, as their callers say. Each key has a mean of its own, and the lower middle one counts: a key that
/// claims ever more cannot raise what is allowed as long as another key uses the endpoint. Thread-safe.
/// </summary>
internal sealed class CostMeter
{
    /// <summary>Cost of a request whose caller does not say; the mean while nothing is known.</summary>
    public const double Standard = 100;

    private const double Times = 100;
    private const double Known = 10;
    private const double LeastWeight = 0.01;
    private const long Memory = 3_600_000;
    private const int MaxKeys = 1_000;
    private readonly ConcurrentDictionary<string, Mean> _byKey = new(StringComparer.Ordinal);

    /// <summary>The largest cost that is allowed without a setting.</summary>
    public double Most(long now) => Math.Max(Standard, Times * MeanCost(now));

    /// <summary>Mean cost of the endpoint's requests.</summary>
    public double MeanCost(long now)
    {
        double[] means = [.. _byKey.Values.Where(m => now - m.At <= Memory).Select(static m => m.Cost)];
        Array.Sort(means);
        return means.Length == 0 ? Standard : means[(means.Length - 1) / 2];
    }

    /// <summary>A key's request was taken.</summary>
    public void Note(string key, double cost, long now)
    {
        if (_byKey.Count >= MaxKeys && !_byKey.ContainsKey(key))
        {
            foreach (var old in _byKey.Where(m => now - m.Value.At > Memory))
            {
                _byKey.TryRemove(old);
            }

            if (_byKey.Count >= MaxKeys)
            {
                return;
            }
        }

        _byKey.AddOrUpdate(key, static (_, n) => new Mean(Standard, 0, n.now).With(n.cost, n.now), static (_, mean, n) => mean.With(n.cost, n.now), (cost, now));
    }

    // A plain mean of the first hundred, with ten of the standard before them; then one that forgets slowly.
    private sealed record Mean(double Cost, long Count, long At)
    {
        public Mean With(double cost, long now) => new(Cost + ((cost - Cost) * Math.Max(LeastWeight, 1 / (Count + Known + 1))), Count + 1, now);
    }
}
