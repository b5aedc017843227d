using System.ComponentModel;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Hosting.Supervision;

/// <summary>
/// Keeps a program running: starts it, sees it become ready, watches it, and starts it again when it ends, after pauses that grow. Its death is
/// nobody else's; the end of this process is its end.
/// </summary>
public sealed partial class Supervisor : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UntilKilled = TimeSpan.FromSeconds(10);

    private readonly SupervisedProgram _program;
    private readonly Func<SupervisedProgram, Action<ProgramLine>, Task<IRunningProgram>> _launch;
    private readonly ProgramProbe _probe;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loop = Task.CompletedTask;

    // Written by the loop alone; read by anybody.
    private volatile ProgramSnapshot _state = new(ProgramPhase.Idle);

    /// <summary>A supervisor that has not begun.</summary>
    /// <param name="program">What to keep running.</param>
    /// <param name="launch">Starts it, see <see cref="ProgramLauncher"/>.</param>
    /// <param name="probe">Asks it whether it is well.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Hears of starts and ends.</param>
    public Supervisor(SupervisedProgram program, Func<SupervisedProgram, Action<ProgramLine>, Task<IRunningProgram>> launch, ProgramProbe probe, TimeProvider time, ILogger logger) =>
        (_program, _launch, _probe, _time, _logger) = (program, launch, probe, time, logger);

    /// <summary>How long to wait between an end and the next start.</summary>
    public RestartPauses Pauses { get; init; } = new();

    /// <summary>Hears each new <see cref="State"/>.</summary>
    public Action<ProgramSnapshot>? Changed { get; init; }

    /// <summary>Receives the lines that the program writes, with its prefix.</summary>
    public Action<ProgramLine>? Lines { get; init; }

    /// <summary>Ends when the program is ready for the first time; fails with <see cref="ProgramFailedException"/> when its first start does.</summary>
    public Task FirstReady => _ready.Task;

    /// <summary>What it is doing.</summary>
    public ProgramSnapshot State => _state;

    /// <summary>Why it does not serve, with the root cause; null while it is ready.</summary>
    public string? WhyAway => _state.WhyAway(_program.Name, _time);

    /// <summary>Begins.</summary>
    public void Start()
    {
        Change(new(ProgramPhase.Starting));
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Stops the program, waits for its end, and does not start it again.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            var (end, ready) = await RunOnceAsync();
            if (_stopping.IsCancellationRequested)
            {
                break;
            }

            if (!_ready.Task.IsCompleted)
            {
                // Nobody waits for it to come back: whoever starts it hears what is wrong at once.
                Change(new(ProgramPhase.Stopped, LastEnd: end));
                _ready.SetException(new ProgramFailedException(_program.Name, end));
                return;
            }

            var pause = Pauses.After(ready);
            var paused = Task.Delay(pause, _time, _stopping.Token);
            Change(new(ProgramPhase.Pausing, _state.Restarts, end, _time.GetTimestamp() + (long)(pause.TotalSeconds * _time.TimestampFrequency)));
            Log.Died(_logger, _program.Name, end.Reason, pause.TotalSeconds, string.Join(" | ", end.LastLines.TakeLast(3)));
            await paused.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Change(new(ProgramPhase.Starting, _state.Restarts + 1, end));
        }

        Change(new(ProgramPhase.Stopped, _state.Restarts));
        _ready.TrySetCanceled();
    }

    private void Change(ProgramSnapshot state)
    {
        _state = state;
        Changed?.Invoke(state);
    }

    /// <summary>One life of the program.</summary>
    /// <returns>How it ended, and how long it had been ready.</returns>
    private async Task<(ProgramEnd End, TimeSpan Ready)> RunOnceAsync()
    {
        var life = new ProgramLife(_program, Lines);
        var kills = ProcessMemory.Kills();
        IRunningProgram running;
        try
        {
            running = await _launch(_program, life.Take);
        }
        catch (Win32Exception error)
        {
            return (new(null, $"could not be started: {error.Message}", []), TimeSpan.Zero);
        }

        Change(_state with { ProcessId = running.Id });
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var watch = WatchAsync(running, life, watching.Token);
        await Task.WhenAny(running.Ended, watch);
        await watching.CancelAsync();
        var cause = await watch;
        await EndAsync(running, atOnce: cause is not null);
        int? exitCode = running.Ended.IsCompleted ? await running.Ended : null;
        var end = new ProgramEnd(exitCode, exitCode is null ? $"{cause ?? "was killed"} and did not end" : cause, life.LastLines) { WasOutOfMemory = ProcessMemory.Kills() > kills };
        return (end, life.ReadySince is { } since ? _time.GetElapsedTime(since) : TimeSpan.Zero);
    }

    /// <summary>Sees the program become ready, and then whether it keeps to its limits.</summary>
    /// <returns>Why it must be ended, or null where it need not be.</returns>
    private async Task<string?> WatchAsync(IRunningProgram running, ProgramLife life, CancellationToken cancellationToken)
    {
        try
        {
            if (!await _probe.BecomesReadyAsync(_program, life.ReadyLine, cancellationToken))
            {
                return $"was not ready within {_program.StartLimit.TotalSeconds:0.#} s";
            }

            life.ReadySince = _time.GetTimestamp();
            Log.Ready(_logger, _program.Name, running.Id);
            Change(_state with { Phase = ProgramPhase.Ready });
            _ready.TrySetResult();
            return await KeepToLimitsAsync(running, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task<string?> KeepToLimitsAsync(IRunningProgram running, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        var heard = _time.GetTimestamp();
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (_program.MemoryLimit is { } most && running.MemoryInUse is var used && used > most)
            {
                return $"was ended because it used {used >> 20} MiB of memory and may use {most >> 20}";
            }

            if (_program.SilenceLimit is not { } limit || await _probe.AnswersAsync(_program, cancellationToken))
            {
                heard = _time.GetTimestamp();
            }
            else if (_time.GetElapsedTime(heard) > limit)
            {
                return $"was ended because it did not answer for {limit.TotalSeconds:0.#} s";
            }
        }

        return null;
    }

    private async Task EndAsync(IRunningProgram running, bool atOnce)
    {
        if (!atOnce && !running.Ended.IsCompleted)
        {
            running.Terminate();
            await EndedWithinAsync(running, _program.StopLimit);
        }

        if (!running.Ended.IsCompleted)
        {
            running.Kill();
            await EndedWithinAsync(running, UntilKilled);
        }
    }

    private async Task EndedWithinAsync(IRunningProgram running, TimeSpan limit)
    {
        try
        {
            await running.Ended.WaitAsync(limit, _time);
        }
        catch (TimeoutException)
        {
            Log.DoesNotEnd(_logger, _program.Name, running.Id, limit.TotalSeconds);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(8001, LogLevel.Information, "The {Program} is ready (process {Process})")]
        public static partial void Ready(ILogger logger, string program, int process);

        [LoggerMessage(8002, LogLevel.Error, "The {Program} {Reason}; it is started again in {Seconds} s. Its last lines: {Lines}")]
        public static partial void Died(ILogger logger, string program, string reason, double seconds, string lines);

        [LoggerMessage(8003, LogLevel.Warning, "The {Program} (process {Process}) did not end within {Seconds} s")]
        public static partial void DoesNotEnd(ILogger logger, string program, int process, double seconds);
    }
}
