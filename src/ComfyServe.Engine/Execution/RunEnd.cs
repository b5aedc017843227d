using System.Globalization;

namespace ComfyServe.Engine.Execution;

/// <summary>The end of a run that comes from outside of its nodes: the user's interrupt, or its time.</summary>
internal sealed class RunEnd : IDisposable
{
    private readonly CancellationToken _interrupted;
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _both;
    private readonly CancellationTokenRegistration _watch;
    private readonly TimeSpan _time;
    private readonly bool _isOwnBudget;
    private ITimer? _stuck;

    /// <summary>Time counts from here.</summary>
    public RunEnd(QueuedPrompt prompt, ExecutionServices services, CancellationToken interrupted)
    {
        _interrupted = interrupted;
        _isOwnBudget = prompt.Budget < services.Limits.Run;
        _time = _isOwnBudget ? prompt.Budget!.Value : services.Limits.Run;
        _deadline = new CancellationTokenSource(_time, services.Clock);
        _both = CancellationTokenSource.CreateLinkedTokenSource(interrupted, _deadline.Token);
        if (services is { GiveUp: { } giveUp, Limits.Stuck: { } patience })
        {
            _watch = _both.Token.Register(() => Volatile.Write(ref _stuck, services.Clock.CreateTimer(
                _ => giveUp(string.Create(CultureInfo.InvariantCulture, $"a node of prompt '{prompt.PromptId}' went on for {patience.TotalSeconds:0.###} s after the run had ended (limit 'stuck'); the process ends so that other prompts can run")),
                null,
                patience,
                Timeout.InfiniteTimeSpan)));
        }
    }

    /// <summary>Cancelled when the run is to end.</summary>
    public CancellationToken Token => _both.Token;

    /// <summary>Why the run was ended, where it was not the user; null where it was, or has not ended.</summary>
    public string? Overdue => !_deadline.IsCancellationRequested || _interrupted.IsCancellationRequested
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"The run took longer than the {_time.TotalSeconds:0.###} s that it {(_isOwnBudget
            ? "was given; give it more ('run' of the request's budgets)"
            : "may take; that is limit 'run' of the engine: start it with --limit run=…")}");

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch.Dispose();
        Volatile.Read(ref _stuck)?.Dispose();
        _both.Dispose();
        _deadline.Dispose();
    }
}
