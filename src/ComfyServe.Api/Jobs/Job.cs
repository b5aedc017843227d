using System.Globalization;
using ComfyServe.Api.Engines;
using ComfyServe.Api.Owners;
using ComfyServe.Contracts.Api;
using ComfyServe.Jobs;

namespace ComfyServe.Api.Jobs;

/// <summary>One accepted request while this process works on it. Its snapshot only moves forward, and reaches one terminal state once.</summary>
internal sealed class Job : IRunObserver, IDisposable
{
    private static readonly TimeSpan StepMessages = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new(); // guards writes to _snapshot, and _isOver and _events
    private readonly CancellationTokenSource _cancellation = new();
    private readonly TaskCompletionSource<JobSnapshot> _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _detached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly JobContext _context;
    private volatile JobSnapshot _snapshot;
    private volatile JobEvents? _events;
    private volatile bool _isOver;
    private volatile bool _hasBegun;
    private int _recordedRun; // written by the job's task and by the engine's socket loop
    private long _lastStepMessage; // read and written by the engine's socket loop alone

    public Job(JobRequest request, JobContext context, DateTimeOffset accepted)
    {
        Request = request;
        _context = context;
        Accepted = context.Time.GetTimestamp();
        _snapshot = new() { Warnings = request.Warnings.Count > 0 ? request.Warnings : null, Timings = new() { QueuedAtMs = accepted.ToUnixTimeMilliseconds() } };
    }

    /// <summary>The request.</summary>
    public JobRequest Request { get; }

    /// <summary>The request's id.</summary>
    public string Id => Request.Id;

    /// <summary>Its place in the order of acceptance.</summary>
    public long Order => _context.Order;

    /// <summary>Timestamp of acceptance.</summary>
    public long Accepted { get; }

    /// <summary>The right to work on it; completes when the job is on disk. Null where the ledger has no part in it.</summary>
    public Task<JobLease?> Lease { get; set; } = Task.FromResult<JobLease?>(null);

    /// <summary>Whether callers may know the end before it is on disk.</summary>
    public bool CallerStays { get; init; }

    /// <summary>Owner and id.</summary>
    public JobKey Key => Request.Key;

    /// <summary>Whether an earlier process had the job.</summary>
    public bool IsResumed { get; init; }

    /// <summary>How often a process died while the job was running.</summary>
    public int Losses { get; set; } // of the job's own task alone, once it runs

    /// <summary>Number of the next run: those that have begun, in earlier processes too, have lower ones.</summary>
    public int NextRun { get; set; } = 1; // of the job's own task alone

    /// <summary>Number of the run that is under way or about to begin.</summary>
    public int Run { get; set; } // written by the job's own task alone

    /// <summary>Completes when the last run's beginning is on disk, or cannot be written.</summary>
    public Task RunRecorded { get; private set; } = Task.CompletedTask;

    /// <summary>What is known now.</summary>
    public JobSnapshot Snapshot => _snapshot;

    /// <summary>Whether the end is decided, be it known or not.</summary>
    public bool IsOver => _isOver;

    /// <summary>Whether an engine has begun to execute the workflow, in whatever attempt.</summary>
    public bool HasBegun { get => _hasBegun; private set => _hasBegun = value; }

    /// <summary>Completes with the terminal snapshot.</summary>
    public Task<JobSnapshot> Finished => _finished.Task;

    /// <summary>Completes when the end is on disk, or cannot be written.</summary>
    public Task Recorded { get; private set; } = Task.CompletedTask;

    /// <summary>Fires when the work on the job should stop.</summary>
    public CancellationToken Cancellation => _cancellation.Token;

    /// <summary>Whether the service stops and leaves the job to its next start.</summary>
    public bool IsDetached => _detached.Task.IsCompleted;

    /// <summary>How long ago the job was accepted.</summary>
    public TimeSpan Elapsed => _context.Time.GetElapsedTime(Accepted);

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
                    _events.Add(null, JobEventText.Queued(Id, _context.Time.GetUtcNow()));
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

    /// <summary>A job of the past, as the ledger has it.</summary>
    public static Job Restore(GenerateResult result, JobRequest request, JobContext context)
    {
        var job = new Job(request, context, DateTimeOffset.UnixEpoch) { _snapshot = JobSnapshot.Of(result) };
        if (job._snapshot.IsTerminal)
        {
            job._isOver = true;
            job._finished.SetResult(job._snapshot);
        }

        return job;
    }

    /// <summary>Changes a job that is not over.</summary>
    public void Update(Func<JobSnapshot, JobSnapshot> change) => Update(change, null);

    /// <summary>Moves the job to a terminal state, unless it has one: the first one stays.</summary>
    /// <param name="change">Adds status, message and what else the end brings.</param>
    public bool TryFinish(Func<JobSnapshot, JobSnapshot> change)
    {
        JobSnapshot last;
        lock (_gate)
        {
            if (_isOver || IsDetached)
            {
                return false;
            }

            _isOver = true;
            last = change(_snapshot);
            var completed = _context.Time.GetUtcNow().ToUnixTimeMilliseconds();
            last = last with { Timings = last.Timings with { CompletedAtMs = completed, TotalMs = completed - last.Timings.QueuedAtMs } };
        }

        if (CallerStays)
        {
            Recorded = _context.Recorder.RecordAsync(this, last); // before he knows: he may use the id again at once
            Publish(last);
        }
        else
        {
            Recorded = RecordAndPublishAsync(last);
        }

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

    /// <summary>Ends the job as failed.</summary>
    public bool Fail(string message, JobError error) => TryFinish(s => s with { Status = JobStatus.Failed, Message = message, Error = error });

    /// <summary>
    /// Notes that the run has begun: for a job in the engine's own queue that is when the engine says so. Only a job that an earlier process had, and that
    /// begins at once, waits until it is on disk: if it is what killed that process, this must be known when it does so again. For all others the cost of a
    /// write before would be the price of every job.
    /// </summary>
    public Task RecordRunAsync()
    {
        if (Interlocked.Exchange(ref _recordedRun, Run) != Run)
        {
            RunRecorded = _context.Recorder.BeginRunAsync(this, Run);
        }

        return RunRecorded;
    }

    /// <summary>Notes that the deaths so far have cost the job nothing: its run goes on.</summary>
    public Task ForgiveAsync()
    {
        Losses = 0;
        return _context.Recorder.ForgiveAsync(this);
    }

    /// <summary>Notes that no run is going while the job waits for another one.</summary>
    public async Task EndRunAsync(string outcome)
    {
        await RunRecorded;
        await _context.Recorder.EndRunAsync(this, Run, outcome);
        _recordedRun = 0;
    }

    /// <summary>Stops the work on a job that is over.</summary>
    public Task StopWorkAsync() => _cancellation.CancelAsync();

    /// <summary>Stops the work without ending the job: the service's next start takes it up where the engine then has it.</summary>
    public async Task DetachAsync()
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            _detached.TrySetResult();
            _events?.End();
        }

        await _cancellation.CancelAsync();
    }

    /// <summary>Waits for the end; false when it did not come in time, or will not come in this process.</summary>
    public async Task<bool> FinishedWithinAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        if (!_finished.Task.IsCompleted)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(_finished.Task, _detached.Task, Task.Delay(patience, _context.Time, stop.Token));
            await stop.CancelAsync();
        }

        cancellationToken.ThrowIfCancellationRequested();
        return _finished.Task.IsCompleted;
    }

    bool IRunObserver.LeavesRunning => IsDetached;

    TimeSpan? IRunObserver.RunLimit => Request.Budgets?.Run is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    OwnerFiles? IRunObserver.Files => OwnerFiles.Of(Request.Owner);

    Task IRunObserver.OnSubmitAsync(bool startsAtOnce)
    {
        NextRun = Math.Max(NextRun, Run + 1);
        return startsAtOnce && IsResumed ? RecordRunAsync() : Task.CompletedTask;
    }

    void IRunObserver.OnStarted()
    {
        Begin();
        Update(static s => s with { Message = "Execution started..." });
    }

    void IRunObserver.OnNode(string nodeId, double fraction)
    {
        Begin(); // The message of the beginning may have been lost with a socket.
        Update(s => s with { Message = $"Processing node: {nodeId}", Fraction = Math.Max(s.Fraction, fraction), Step = new(nodeId, 0, 0, Math.Max(s.Fraction, fraction)) }, nodeId);
    }

    void IRunObserver.OnProgress(string nodeId, double value, double max, double fraction)
    {
        Begin();
        var text = ProgressText(value, max);
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            var done = Math.Max(_snapshot.Fraction, fraction);
            _snapshot = _snapshot with { Message = text, Fraction = done, Step = new(nodeId, value, max, done) };
            if (_events is not { } events)
            {
                return;
            }

            events.Add("progress", JobEventText.Progress(Id, text, _snapshot.Step!.Value, _context.Time.GetUtcNow(), Elapsed));
            if (_lastStepMessage == 0 || _context.Time.GetElapsedTime(_lastStepMessage) >= StepMessages)
            {
                _lastStepMessage = _context.Time.GetTimestamp();
                TellStatus(nodeId); // For clients that know no other events than the original's.
            }
        }
    }

    void IRunObserver.OnPreview(string nodeId, string mediaType, ReadOnlySpan<byte> image) => _events?.Show(JobEventText.Preview(Id, nodeId, mediaType, image));

    /// <inheritdoc/>
    public void Dispose() => _cancellation.Dispose();

    private void Begin()
    {
        HasBegun = true;
        if (Volatile.Read(ref _recordedRun) != Run)
        {
            _ = RecordRunAsync();
        }
    }

    private static string ProgressText(double value, double max) =>
        string.Create(CultureInfo.InvariantCulture, $"Progress: {(max > 0 ? 100 * value / max : 0):0.0}% ({value}/{max})");

    private void Update(Func<JobSnapshot, JobSnapshot> change, string? nodeId)
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            var before = _snapshot;
            _snapshot = change(before);
            if (before.Status != _snapshot.Status || before.Message != _snapshot.Message)
            {
                TellStatus(nodeId);
            }
        }
    }

    /// <summary>Called under the lock.</summary>
    private void TellStatus(string? nodeId) =>
        _events?.Add(null, JobEventText.Status(Id, _snapshot, _context.Queues.PlaceOf(this), nodeId, _context.Time.GetUtcNow(), Elapsed));

    /// <summary>The end is told when it is on disk; where that takes too long (a full disk), when it has been tried for a while.</summary>
    private async Task RecordAndPublishAsync(JobSnapshot last)
    {
        var recording = _context.Recorder.RecordAsync(this, last);
        using var stop = new CancellationTokenSource();
        await Task.WhenAny(recording, Task.Delay(LongestSilence, _context.Time, stop.Token));
        await stop.CancelAsync();
        Publish(last);
        await recording;
    }

    private void Publish(JobSnapshot last)
    {
        lock (_gate)
        {
            _snapshot = last;
            _finished.TrySetResult(last);
            _events?.End();
        }
    }
}
