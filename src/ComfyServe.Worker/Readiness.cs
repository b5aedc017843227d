using System.Collections.Immutable;

namespace ComfyServe.Worker;

/// <summary>Whether the worker is loading, ready or broken, and why. Thread-safe.</summary>
internal sealed class Readiness(TimeProvider time)
{
    private readonly long _began = time.GetTimestamp();

    // Written by the readiness, key and log loops, read by reports and requests.
    private ImmutableSortedDictionary<FaultSource, string> _faults = ImmutableSortedDictionary<FaultSource, string>.Empty;
    private double _loadTime;
    private volatile bool _draining;

    /// <summary>Beats when anything changes.</summary>
    public Pulse Changes { get; } = new(time);

    /// <summary>Seconds from start to ready; 0 until then.</summary>
    public double LoadTime => Volatile.Read(ref _loadTime);

    /// <summary>Whether the worker has become ready once.</summary>
    public bool IsReady => LoadTime > 0;

    /// <summary>What is wrong, or an empty text.</summary>
    public string Error => Volatile.Read(ref _faults).Values.FirstOrDefault() ?? "";

    /// <summary>The worker takes no new requests.</summary>
    public bool IsDraining => _draining;

    /// <summary>The worker is ready.</summary>
    public void Ready()
    {
        Volatile.Write(ref _loadTime, Math.Max(0.001, time.GetElapsedTime(_began).TotalSeconds));
        Changes.Beat();
    }

    /// <summary>The gateway says to take no new requests, or to take them again.</summary>
    public void Drain(bool draining)
    {
        if (_draining != draining)
        {
            _draining = draining;
            Changes.Beat();
        }
    }

    /// <summary>Something is wrong, or (null) no longer.</summary>
    /// <returns>Whether that is new.</returns>
    public bool Report(FaultSource source, string? fault)
    {
        var changed = ImmutableInterlocked.Update(
            ref _faults,
            static (faults, news) => news.fault is null ? faults.Remove(news.source) : faults.SetItem(news.source, news.fault),
            (source, fault));
        if (changed)
        {
            Changes.Beat();
        }

        return changed;
    }
}
