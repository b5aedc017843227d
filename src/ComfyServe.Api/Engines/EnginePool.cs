using System.Security.Cryptography;
using System.Text;
using ComfyServe.Hosting.Fairness;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Engines;

/// <summary>
/// Hands engines to jobs: owners take turns, and an owner's jobs come in their order of acceptance. Each gets the available engine with the fewest runs.
/// Each engine gets one run to execute and one more to wait in its own queue, so that it never idles between two jobs.
/// </summary>
internal sealed partial class EnginePool : IAsyncDisposable
{
    /// <summary>One running, one prefetched.</summary>
    internal const int RunsPerEngine = 2;

    private readonly Lock _gate = new(); // guards _waiting, _downSince and Engine.Running
    private readonly OwnerTurns<Waiter> _waiting = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TimeProvider _time;
    private readonly EngineTimes _times;
    private readonly ILogger<EnginePool> _logger;
    private readonly ITimer _timer;
    private Task _sockets = Task.CompletedTask;
    private long? _downSince;

    public EnginePool(IReadOnlyList<Engine> engines, EngineTimes times, TimeProvider time, ILogger<EnginePool> logger)
    {
        Engines = engines;
        _times = times;
        _time = time;
        _logger = logger;
        _timer = time.CreateTimer(static pool => ((EnginePool)pool!).Pump(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        foreach (var engine in engines)
        {
            engine.Socket.Changed = Pump;
        }
    }

    /// <summary>All engines, in configured order.</summary>
    public IReadOnlyList<Engine> Engines { get; }

    /// <summary>Jobs that wait for an engine.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Opens the sockets and keeps them open.</summary>
    /// <param name="instance">Of this installation: engines go on telling a restarted service about runs that it began earlier.</param>
    public void Start(string instance)
    {
        foreach (var engine in Engines)
        {
            engine.Socket.ClientId = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{instance}/{engine.BaseUrl}")))[..32];
        }

        _sockets = Task.WhenAll(Engines.Select(e => Task.Run(() => e.Socket.RunAsync(_stopping.Token))));
    }

    /// <summary>Takes an engine that works on a run already, whatever else it has to do.</summary>
    public EngineLease Adopt(Engine engine)
    {
        lock (_gate)
        {
            engine.Running++;
        }

        return new(this, engine);
    }

    /// <summary>Waits for an engine. Throws <see cref="EngineUnreachableException"/> when none is reachable for too long.</summary>
    /// <param name="job">Who waits, for <see cref="PositionOf"/>.</param>
    /// <param name="owner">Whose it is; null where there is one owner.</param>
    /// <param name="order">Of one owner's, the smaller comes first.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<EngineLease> AcquireAsync(object job, string? owner, long order, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var waiter = new Waiter(job, owner ?? "");
        lock (_gate)
        {
            waiter.Place = _waiting.Add(waiter.Owner, waiter, order);
        }

        if (cancellationToken.CanBeCanceled)
        {
            waiter.Registration = cancellationToken.UnsafeRegister(static (state, token) =>
            {
                var (pool, waiting) = ((EnginePool, Waiter))state!;
                pool.Abandon(waiting, token);
            }, (this, waiter));
        }

        Pump();
        return waiter.Source.Task;
    }

    /// <summary>How many get an engine up to and with <paramref name="job"/>, 0 when it does not wait; and how many wait.</summary>
    public (int Position, int Waiting) PositionOf(object job, string? owner)
    {
        lock (_gate)
        {
            return (_waiting.PositionOf(owner ?? "", w => w.Job == job), _waiting.Count);
        }
    }

    /// <summary>Whether another engine than <paramref name="engine"/> may get work now.</summary>
    public bool HasOther(Engine engine) => Engines.Any(e => e != engine && e.IsAvailable);

    /// <summary>Notes a failure to reach an engine, and looks again when its pause is over.</summary>
    public void Failed(Engine engine)
    {
        var pause = engine.Health.Failed();
        if (pause > TimeSpan.Zero)
        {
            Log.Opened(_logger, engine.Name, engine.Health.Failures, pause.TotalSeconds);
            Pump();
        }
    }

    /// <summary>Shuts an engine out after a fault that only a restart mends.</summary>
    public void Latch(Engine engine, string reason)
    {
        if (engine.Health.TryLatch(reason))
        {
            Log.Latched(_logger, engine.Name, reason);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _sockets;
        await _timer.DisposeAsync();
        _stopping.Dispose();
    }

    internal void Release(Engine engine)
    {
        lock (_gate)
        {
            engine.Running--;
        }

        Pump();
    }

    private void Abandon(Waiter waiter, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_waiting.Remove(waiter.Owner, waiter.Place!))
            {
                return; // Served at the same moment.
            }
        }

        waiter.Source.TrySetCanceled(cancellationToken);
    }

    private void Pump()
    {
        List<(Waiter Waiter, Engine? Engine)>? served = null;
        lock (_gate)
        {
            while (_waiting.Count > 0 && Pick() is { } engine)
            {
                engine.Running++;
                (served ??= []).Add((_waiting.Take()!, engine));
            }

            GiveUp(ref served);
            Schedule();
        }

        if (served is null)
        {
            return;
        }

        foreach (var (waiter, engine) in served)
        {
            waiter.Registration.Unregister();
            if (engine is null)
            {
                waiter.Source.TrySetException(new EngineUnreachableException($"Cannot connect to any engine for {_times.NoEngine.TotalSeconds:0.###} s"));
            }
            else
            {
                waiter.Source.TrySetResult(new(this, engine));
            }
        }
    }

    /// <summary>Called under the lock. While no engine is available the clock runs; when it runs out nobody waits any longer.</summary>
    private void GiveUp(ref List<(Waiter, Engine?)>? served)
    {
        if (Engines.Any(static e => e.IsAvailable || e.WhyAway is not null)) // Who keeps an engine running brings it back.
        {
            _downSince = null;
            return;
        }

        _downSince ??= _time.GetTimestamp();
        var left = _times.NoEngine - _time.GetElapsedTime(_downSince.Value);
        while (left <= TimeSpan.Zero && _waiting.Take() is { } next)
        {
            (served ??= []).Add((next, null));
        }
    }

    /// <summary>Called under the lock. Looks again when a pause ends, or when waiting without any engine has lasted long enough.</summary>
    private void Schedule()
    {
        if (_waiting.Count == 0)
        {
            return;
        }

        var next = _downSince is { } since ? _times.NoEngine - _time.GetElapsedTime(since) : TimeSpan.MaxValue;
        foreach (var engine in Engines)
        {
            if (engine.Health.PauseLeft is var left && left > TimeSpan.Zero && left < next)
            {
                next = left;
            }
        }

        if (next < TimeSpan.MaxValue)
        {
            _timer.Change(next < TimeSpan.Zero ? TimeSpan.Zero : next + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }
    }

    private Engine? Pick()
    {
        Engine? best = null;
        foreach (var engine in Engines)
        {
            if (engine.Running < RunsPerEngine && engine.IsAvailable && (best is null || engine.Running < best.Running))
            {
                best = engine;
            }
        }

        return best;
    }

    private sealed class Waiter(object job, string owner)
    {
        public object Job { get; } = job;

        public string Owner { get; } = owner;

        public TaskCompletionSource<EngineLease> Source { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public LinkedListNode<(Waiter Item, long Order)>? Place { get; set; }

        public CancellationTokenRegistration Registration { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(2020, LogLevel.Error, "BACKEND_UNRECOVERABLE: GPU on '{Engine}' latched: {Reason}")]
        public static partial void Latched(ILogger logger, string engine, string reason);

        [LoggerMessage(2021, LogLevel.Warning, "Engine '{Engine}' failed {Failures} times in a row; it gets no work for {Seconds} s")]
        public static partial void Opened(ILogger logger, string engine, int failures, double seconds);
    }
}
