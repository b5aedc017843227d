using System.Text.Json;
using ComfyServe.Api.Requests;
using ComfyServe.Contracts.Api;
using ComfyServe.Jobs;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Jobs.Durable;

/// <summary>Writes jobs into the ledger and reads them again.</summary>
internal sealed partial class JobRecorder(ServiceLedger ledger, IDeliveryComposer deliveries, TimeProvider time, ILogger<JobRecorder> logger) : IJobRecorder, IDisposable
{
    /// <summary>No bound that a job could reach: the runs of one start are counted by <see cref="GenerationStage"/>, and the deaths it was running at by the ledger.</summary>
    private const int MaxRuns = 1_000_000;

    private static readonly TimeSpan[] Pauses = [.. ((double[])[0.1, 0.5, 1, 2, 5]).Select(TimeSpan.FromSeconds)];

    /// <summary>No lease ends by itself: nobody else works on this service's queue.</summary>
    private static readonly TimeSpan Forever = TimeSpan.FromDays(3650);

    /// <summary>Called after the end of a job was written that somebody is to be told about.</summary>
    public Action? Wake { get; set; }

    private readonly CancellationTokenSource _stopping = new();

    private string Holder => ledger.Queue;

    /// <summary>Accepts a job; when it completes, the job is on disk.</summary>
    /// <exception cref="LedgerUnavailableException">It could not be written.</exception>
    public Task<AcceptResult> AcceptAsync(JobRequest request, string? idempotencyKey) => ledger.Jobs.AcceptAsync(new()
    {
        Id = request.Id,
        Queue = ledger.Queue,
        Payload = StoredRequest.Write(request),
        MaxAttempts = MaxRuns,
        Owner = request.Owner,
        IdempotencyKey = idempotencyKey,
        Fingerprint = request.Fingerprint,
        ReplacesFinished = true,
        Holder = Holder,
        LeaseDuration = Forever,
    });

    /// <inheritdoc/>
    public async Task RecordAsync(Job job, JobSnapshot last)
    {
        if (await LeaseOfAsync(job) is not { } lease)
        {
            return; // It never was in the ledger.
        }

        var ending = EndingOf(job.Id, job.Request, last);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var outcome = await ledger.Jobs.FinishAsync(lease, ending);
                if (outcome != FinishOutcome.Done)
                {
                    Log.NotRecorded(logger, job.Id, outcome);
                }
                else if (ending.Deliveries.Count > 0)
                {
                    Wake?.Invoke();
                }

                return;
            }
            catch (LedgerUnavailableException e)
            {
                Log.Trouble(logger, job.Id, e.Message);
            }

            try
            {
                await Task.Delay(Pauses[Math.Min(attempt, Pauses.Length - 1)], time, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return; // The next start runs the job again.
            }
        }
    }

    /// <inheritdoc/>
    public Task BeginRunAsync(Job job, int run) => NoteAsync(job, lease => ledger.Jobs.BeginRunAsync(lease, run));

    /// <inheritdoc/>
    public Task ForgiveAsync(Job job) => NoteAsync(job, ledger.Jobs.ForgiveLossesAsync);

    /// <inheritdoc/>
    public Task EndRunAsync(Job job, int run, string outcome) => NoteAsync(job, lease => ledger.Jobs.EndRunAsync(lease, run, outcome));

    /// <summary>The service stops in good order: what runs is left to its next start, and nothing of it is a suspect if this process ends before.</summary>
    public async Task LeaveRunsAsync()
    {
        try
        {
            await ledger.Jobs.LeaveRunsAsync(Holder);
        }
        catch (LedgerUnavailableException e)
        {
            Log.NotNoted(logger, "all", e.Message);
        }
    }

    /// <summary>Takes back every job that an earlier process left unfinished, in the order of acceptance.</summary>
    public async Task<IReadOnlyList<JobLease>> RecoverAsync()
    {
        while ((await ledger.Jobs.ReclaimAsync(Holder, Suspected)).Count >= 1000)
        {
            // There may be more than one call takes back.
        }

        var leases = new List<JobLease>();
        while (await ledger.Jobs.LeaseAsync(ledger.Queue, Holder, Forever) is { } lease)
        {
            leases.Add(lease);
        }

        return leases;
    }

    /// <summary>A finished job as it was recorded, or null. One that another service has is told as pending.</summary>
    public async Task<GenerateResult?> FindAsync(JobKey key, CancellationToken cancellationToken)
    {
        if (!RequestId.IsValid(key.Id) || await ledger.Jobs.FindAsync(key, cancellationToken) is not { } record)
        {
            return null;
        }

        if (!record.Result.IsEmpty && JsonSerializer.Deserialize(record.Result.Span, ApiJsonContext.Default.GenerateResult) is { } result)
        {
            return result;
        }

        var timings = new JobTimings { QueuedAtMs = record.Accepted.ToUnixTimeMilliseconds() };
        return new() { Id = key.Id, Status = JobStatus.Pending, Message = record.Message ?? "Request accepted", Timings = timings };
    }

    /// <summary>The request of a job that the ledger has, or null.</summary>
    public async Task<JobRequest?> FindRequestAsync(JobKey key, CancellationToken cancellationToken) =>
        RequestId.IsValid(key.Id) && await ledger.Jobs.FindAsync(key, cancellationToken) is { Payload.IsEmpty: false } record ? StoredRequest.Read(record) : null;

    /// <summary>Forgets what finished before <paramref name="oldest"/>.</summary>
    public async Task PruneAsync(DateTimeOffset oldest)
    {
        const int AtOnce = 500;
        while (await ledger.Jobs.PruneAsync(oldest, AtOnce) == AtOnce)
        {
            // More is waiting to be forgotten.
        }
    }

    /// <summary>Stops trying to write what could not be written so far.</summary>
    public Task StopAsync() => _stopping.CancelAsync();

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    /// <summary>Writes something about a job's run; a ledger that cannot be written must not keep it from running.</summary>
    private async Task NoteAsync(Job job, Func<JobLease, Task<bool>> write)
    {
        try
        {
            if (await job.Lease is { } lease)
            {
                await write(lease);
            }
        }
        catch (LedgerUnavailableException e)
        {
            Log.NotNoted(logger, job.Id, e.Message);
        }
    }

    private static async Task<JobLease?> LeaseOfAsync(Job job)
    {
        try
        {
            return await job.Lease;
        }
        catch (LedgerUnavailableException)
        {
            return null;
        }
    }

    private JobEnding EndingOf(string id, JobRequest request, JobSnapshot last) => new()
    {
        State = last.Status switch
        {
            JobStatus.Completed => JobState.Completed,
            JobStatus.Cancelled => JobState.Cancelled,
            _ => JobState.Failed,
        },
        Message = last.Status, // The message itself may quote the caller's workflow; it is in the sealed result.
        ErrorCode = last.Error?.Code.ToString(),
        Result = Answers.ToJson(last.ToResult(id, withResponse: true)),
        Deliveries = deliveries.Compose(id, request, last),
    };

    private JobEnding Suspected(JobRecord record)
    {
        var message = $"The service died {record.Losses} times while this request was running; it is suspected of the crash and not tried again. If it is not the cause, send it again under a new request_id";
        var completed = time.GetUtcNow().ToUnixTimeMilliseconds();
        var queued = record.Accepted.ToUnixTimeMilliseconds();
        var last = new JobSnapshot
        {
            Status = JobStatus.Failed,
            Message = message,
            Error = new() { Code = JobErrorCode.SuspectedOfCrash, Message = message },
            Timings = new() { QueuedAtMs = queued, CompletedAtMs = completed, TotalMs = completed - queued },
        };
        Log.Suspected(logger, record.Id, record.Losses);
        return EndingOf(record.Id, StoredRequest.Read(record), last);
    }

    private static partial class Log
    {
        [LoggerMessage(2110, LogLevel.Error, "The end of request '{RequestId}' could not be written and is tried again: {Reason}")]
        public static partial void Trouble(ILogger logger, string requestId, string reason);

        [LoggerMessage(2111, LogLevel.Warning, "The end of request '{RequestId}' was not recorded: {Outcome}")]
        public static partial void NotRecorded(ILogger logger, string requestId, FinishOutcome outcome);

        [LoggerMessage(2114, LogLevel.Warning, "A run of request '{RequestId}' could not be recorded: {Reason}")]
        public static partial void NotNoted(ILogger logger, string requestId, string reason);

        [LoggerMessage(2115, LogLevel.Error, "Request '{RequestId}' was running each of the {Deaths} times that the service died: it is suspected of the crash and not tried again")]
        public static partial void Suspected(ILogger logger, string requestId, int deaths);
    }
}
