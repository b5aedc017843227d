using System.Globalization;
using ComfyServe.Api.Engines;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Jobs;

/// <summary>One accepted request while this process works on it. Its snapshot only moves forward, and reaches one terminal state once.</summary>
internal sealed class Job : IRunObserver, IDisposable
{
    private readonly Lock _gate = new(); // guards writes to _snapshot
    private readonly CancellationTokenSource _cancellation = new();
    private readonly TaskCompletionSource<JobSnapshot> _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private static readonly TimeSpan StepMessages = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly JobQueues _queues;
    private volatile JobSnapshot _snapshot;
    private volatile JobEvents? _events;
    private long _lastStepMessage; // read and written by the engine's socket loop alone

    public Job(JobRequest request, long order, JobQueues queues, TimeProvider time)
    {
        Order = order;
        Request = request;
        _queues = queues;
        _time = time;
        Accepted = time.GetTimestamp();
        _snapshot = new() { Timings = new() { QueuedAtMs = Now() } };
    }

    /// <summary>The request.</summary>
    public JobRequest Request { get; }

    /// <summary>The request's id.</summary>
    public string Id => Request.Id;

    /// <summary>Its place in the order of acceptance.</summary>
    public long Order { get; }

    /// <summary>Timestamp of acceptance.</summary>
    public long Accepted { get; }

    /// <summary>What is known now.</summary>
    public JobSnapshot Snapshot => _snapshot;

    /// <summary>Completes with the terminal snapshot.</summary>
    public Task<JobSnapshot> Finished => _finished.Task;

    /// <summary>Fires when the job was cancelled.</summary>
    public CancellationToken Cancellation => _cancellation.Token;

    /// <summary>How long ago the job was accepted.</summary>
    public TimeSpan Elapsed => _time.GetElapsedTime(Accepted);

    /// <summary>The job's events from now on; they are only kept once somebody asked for them.</summary>
    public JobEvents Events
    {
        get
        {
            lock (_gate)
            {
                if (_events is null)
                {
                    _events = new();
                    _events.Add(null, JobEventText.Queued(Id, _time.GetUtcNow()));
                    if (_snapshot.IsTerminal)
                    {
                        _events.End();
                    }
                    else if (_snapshot.Status != JobStatus.Pending)
                    {
                        TellStatus(null);
                    }
                }

                return _events;
            }
        }
    }

    /// <summary>Changes a job that is not over.</summary>
    public void Update(Func<JobSnapshot, JobSnapshot> change) => Update(change, null);

    private void Update(Func<JobSnapshot, JobSnapshot> change, string? nodeId)
    {
        lock (_gate)
        {
            var before = _snapshot;
            if (before.IsTerminal)
            {
                return;
            }

            _snapshot = change(before);
            if (before.Status != _snapshot.Status || before.Message != _snapshot.Message)
            {
                TellStatus(nodeId);
            }
        }
    }

    /// <summary>Called under the lock.</summary>
    private void TellStatus(string? nodeId) =>
        _events?.Add(null, JobEventText.Status(Id, _snapshot, _queues.PlaceOf(this), nodeId, _time.GetUtcNow(), Elapsed));

    /// <summary>Moves the job to a terminal state, unless it has one: the first one stays.</summary>
    /// <param name="change">Adds status, message and what else the end brings.</param>
    public bool TryFinish(Func<JobSnapshot, JobSnapshot> change)
    {
        JobSnapshot last;
        lock (_gate)
        {
            if (_snapshot.IsTerminal)
            {
                return false;
            }

            last = change(_snapshot);
            var completed = Now();
            last = last with { Timings = last.Timings with { CompletedAtMs = completed, TotalMs = completed - last.Timings.QueuedAtMs } };
            _snapshot = last;
            _events?.End();
        }

        _finished.TrySetResult(last);
        return true;
    }

    /// <summary>Ends the job as failed.</summary>
    public bool Fail(string message, JobError error) => TryFinish(s => s with { Status = JobStatus.Failed, Message = message, Error = error });

    /// <summary>Waits for the end; false when it did not come in time.</summary>
    public async Task<bool> FinishedWithinAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        if (patience == Timeout.InfiniteTimeSpan || _finished.Task.IsCompleted)
        {
            await _finished.Task.WaitAsync(cancellationToken);
            return true;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_finished.Task, Task.Delay(patience, _time, stop.Token));
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return _finished.Task.IsCompleted;
    }

    /// <summary>Ends the job as cancelled and stops the work on it.</summary>
    public async Task<bool> CancelAsync(JobErrorCode code, string message)
    {
        var cancelled = TryFinish(s => s with { Status = JobStatus.Cancelled, Message = message, Error = new() { Code = code, Message = message } });
        if (cancelled)
        {
            await _cancellation.CancelAsync();
        }

        return cancelled;
    }

    void IRunObserver.OnStarted() => Update(static s => s with { Message = "Execution started..." });

    void IRunObserver.OnNode(string nodeId, double fraction) =>
        Update(s => s with { Message = $"Processing node: {nodeId}", Fraction = Math.Max(s.Fraction, fraction) }, nodeId);

    void IRunObserver.OnProgress(string nodeId, double value, double max, double fraction)
    {
        var text = ProgressText(value, max);
        lock (_gate)
        {
            if (_snapshot.IsTerminal)
            {
                return;
            }

            _snapshot = _snapshot with { Message = text, Fraction = Math.Max(_snapshot.Fraction, fraction) };
            if (_events is not { } events)
            {
                return;
            }

            events.Add("progress", JobEventText.Progress(Id, text, new(nodeId, value, max, _snapshot.Fraction), _time.GetUtcNow(), Elapsed));
            if (_lastStepMessage == 0 || _time.GetElapsedTime(_lastStepMessage) >= StepMessages)
            {
                _lastStepMessage = _time.GetTimestamp();
                TellStatus(nodeId); // For clients that know no other events than the original's.
            }
        }
    }

    void IRunObserver.OnPreview(string nodeId, string mediaType, ReadOnlySpan<byte> image) => _events?.Show(JobEventText.Preview(Id, nodeId, mediaType, image));

    /// <inheritdoc/>
    public void Dispose() => _cancellation.Dispose();

    private static string ProgressText(double value, double max) =>
        string.Create(CultureInfo.InvariantCulture, $"Progress: {(max > 0 ? 100 * value / max : 0):0.0}% ({value}/{max})");

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();
}
