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
    private readonly TimeProvider _time;
    private volatile JobSnapshot _snapshot;

    public Job(JobRequest request, TimeProvider time)
    {
        Request = request;
        _time = time;
        Accepted = time.GetTimestamp();
        _snapshot = new() { Timings = new() { QueuedAtMs = Now() } };
    }

    /// <summary>The request.</summary>
    public JobRequest Request { get; }

    /// <summary>The request's id.</summary>
    public string Id => Request.Id;

    /// <summary>Timestamp of acceptance.</summary>
    public long Accepted { get; }

    /// <summary>What is known now.</summary>
    public JobSnapshot Snapshot => _snapshot;

    /// <summary>Completes with the terminal snapshot.</summary>
    public Task<JobSnapshot> Finished => _finished.Task;

    /// <summary>Fires when the job was cancelled.</summary>
    public CancellationToken Cancellation => _cancellation.Token;

    /// <summary>Changes a job that is not over.</summary>
    public void Update(Func<JobSnapshot, JobSnapshot> change)
    {
        lock (_gate)
        {
            if (!_snapshot.IsTerminal)
            {
                _snapshot = change(_snapshot);
            }
        }
    }

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
        }

        _finished.TrySetResult(last);
        return true;
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
        Update(s => s with { Message = $"Processing node: {nodeId}", Fraction = Math.Max(s.Fraction, fraction) });

    void IRunObserver.OnProgress(string nodeId, double value, double max, double fraction) =>
        Update(s => s with { Message = ProgressText(value, max), Fraction = Math.Max(s.Fraction, fraction) });

    void IRunObserver.OnPreview(string nodeId, string mediaType, ReadOnlySpan<byte> image)
    {
        // Nobody asked for previews of this job.
    }

    /// <inheritdoc/>
    public void Dispose() => _cancellation.Dispose();

    private static string ProgressText(double value, double max) =>
        string.Create(CultureInfo.InvariantCulture, $"Progress: {(max > 0 ? 100 * value / max : 0):0.0}% ({value}/{max})");

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();
}
