namespace ComfyServe.Api.Engines;

/// <summary>
/// The circuit breaker of one engine. Failures to reach it open the circuit for a growing while; a fatal GPU fault latches it for good,
/// since only a restart of the engine mends that.
/// </summary>
internal sealed class EngineHealth(int threshold, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new(); // guards all fields below
    private int _failures;
    private int _openings;
    private long _openedAt;
    private TimeSpan _pause;
    private string? _latch;

    /// <summary>Why the engine is shut out for good, or null.</summary>
    public string? Latch
    {
        get
        {
            lock (_gate)
            {
                return _latch;
            }
        }
    }

    /// <summary>Consecutive failures to reach it.</summary>
    public int Failures
    {
        get
        {
            lock (_gate)
            {
                return _failures;
            }
        }
    }

    /// <summary>Whether work may be given: not latched, and no pause under way. After a pause one failure opens the circuit again.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _latch is null && PauseLeftLocked() == TimeSpan.Zero;
            }
        }
    }

    /// <summary>What is left of the pause, or zero.</summary>
    public TimeSpan PauseLeft
    {
        get
        {
            lock (_gate)
            {
                return _latch is null ? PauseLeftLocked() : TimeSpan.Zero;
            }
        }
    }

    /// <summary>The engine did what was asked.</summary>
    public void Succeeded()
    {
        lock (_gate)
        {
            _failures = 0;
            _openings = 0;
            _pause = TimeSpan.Zero;
        }
    }

    /// <summary>The engine could not be reached; returns the pause that begins, or zero.</summary>
    public TimeSpan Failed()
    {
        lock (_gate)
        {
            if (++_failures < threshold)
            {
                return TimeSpan.Zero;
            }

            _openedAt = time.GetTimestamp();
            _pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(_openings++, 10)));
            return _pause;
        }
    }

    /// <summary>Shuts the engine out for good; the first reason stays. Returns whether it was this call.</summary>
    public bool TryLatch(string reason)
    {
        lock (_gate)
        {
            if (_latch is not null)
            {
                return false;
            }

            _latch = string.IsNullOrWhiteSpace(reason) ? "unspecified" : reason;
            return true;
        }
    }

    /// <summary>The engine was restarted: everything is forgotten.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            _latch = null;
            _failures = 0;
            _openings = 0;
            _pause = TimeSpan.Zero;
        }
    }

    private TimeSpan PauseLeftLocked()
    {
        var left = _pause == TimeSpan.Zero ? TimeSpan.Zero : _pause - time.GetElapsedTime(_openedAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
