using System.Collections.Concurrent;
using ComfyServe.Api.Engines;
using ComfyServe.Api.Jobs.Durable;
using ComfyServe.Api.Telemetry;
using ComfyServe.Contracts.Api;
using ComfyServe.Jobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Jobs;

/// <summary>Accepts jobs within bounds, runs them, and takes up those of an earlier process.</summary>
internal sealed partial class JobService(ApiOptions options, JobPipeline pipeline, EnginePool pool, JobQueues queues, JobRecorder recorder, JobServiceParts parts) : IHostedService
{
    private const int DefaultRetryAfter = 5;

    private static readonly TimeSpan LongestWrite = TimeSpan.FromSeconds(5);

    private readonly JobRegistry _registry = new();
    private readonly ConcurrentDictionary<Job, Task> _active = new();
    private Task _draining = Task.CompletedTask;
    private ITimer? _sweeping;
    private readonly JobPlaces _places = new(options.BoundsOf(options.MaxQueueSize + options.Engines.Count));
    private long _order;
    private volatile bool _stopping;

    /// <summary>Jobs accepted and not over.</summary>
    public int Unfinished => _places.Count;

    /// <summary>How long the oldest unfinished job has been here; null where there is none. Clean-up spares what was written since.</summary>
    public TimeSpan? OldestUnfinished => _active.Keys.Select(j => (TimeSpan?)j.Elapsed).Max();

    /// <summary>What a caller is told when there is no room for the request.</summary>
    public string CapacityMessage(string? owner) => _places.IsShareFull(owner)
        ? $"Worker at capacity ({_places.Share} in flight for this key, its share); retry shortly"
        : $"Worker at capacity ({options.MaxQueueSize} in flight); retry shortly";

    /// <summary>When a refused caller should come back: from the measured pace, 5 s before anything was measured.</summary>
    public int RetryAfterSeconds => queues.SecondsPerJob <= 0 ? DefaultRetryAfter : (int)Math.Clamp(Math.Ceiling(queues.SecondsFor(1)), 1, 600);

    /// <summary>Accepts a request, or says why not.</summary>
    public async Task<Acceptance> AcceptAsync(JobRequest request, AcceptTerms terms)
    {
        if (_stopping)
        {
            return Acceptance.Refused(JobErrorCode.ShuttingDown);
        }

        if (_registry.Find(request.Key) is { IsOver: true } earlier)
        {
            // Its end must be written before the ledger lets the id be used again; on a full disk the ledger refuses it.
            await Task.WhenAny(earlier.Recorded, Task.Delay(LongestWrite, parts.Time));
        }

        var job = new Job(request, Context(), parts.Time.GetUtcNow()) { CallerStays = terms.CallerStays };
        if (_registry.Add(job) is { } other)
        {
            return Repeats(other, request);
        }

        if (!_places.TryTake(request.Owner))
        {
            _registry.Remove(job);
            job.Dispose();
            return Acceptance.Refused(JobErrorCode.AtCapacity);
        }

        if (terms.Streamed)
        {
            _ = job.Events;
        }

        var accepting = recorder.AcceptAsync(request, terms.IdempotencyKey);
        job.Lease = LeaseOfAsync(accepting);
        if (terms.CallerStays && terms.IdempotencyKey is null)
        {
            _active[job] = RunAsync(job); // His connection is his receipt: nobody waits for the disk.
            _ = EndUnlessAcceptedAsync(job, accepting);
            return new(job, null);
        }

        return await StartWhenAcceptedAsync(job, accepting);
    }

    /// <summary>A job that is under way or remembered, here or in the ledger.</summary>
    public async Task<Job?> FindAsync(JobKey key, CancellationToken cancellationToken)
    {
        if (_registry.Find(key) is { } job)
        {
            return job;
        }

        return await recorder.FindAsync(key, cancellationToken) is { } result
            ? Job.Restore(result, new() { Id = key.Id, Workflow = default, PublicUrl = "", Owner = key.Owner }, Context())
            : null;
    }

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        pool.Start(parts.Ledger.Instance);
        foreach (var lease in await recorder.RecoverAsync())
        {
            Resume(lease);
        }

        parts.Lifetime.ApplicationStopping.Register(() => _draining = DrainAsync());
        var period = TimeSpan.FromSeconds(30);
        _sweeping = parts.Time.CreateTimer(static service => _ = ((JobService)service!).SweepAsync(), this, period, period);
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_sweeping is not null)
        {
            await _sweeping.DisposeAsync();
        }

        await (_draining.IsCompleted && !_stopping ? DrainAsync() : _draining);
        await recorder.StopAsync();
    }

    private JobContext Context() => new(Interlocked.Increment(ref _order), queues, recorder, parts.Time);

    private static Acceptance Repeats(Job other, JobRequest request) =>
        other.Request.Fingerprint == request.Fingerprint ? new(other, null) : Acceptance.Refused(JobErrorCode.IdInUse);

    private static async Task<JobLease?> LeaseOfAsync(Task<AcceptResult> accepting) => (await accepting).Lease;

    private void Drop(Job job)
    {
        _registry.Remove(job);
        _places.Give(job.Request.Owner);
        job.Dispose();
    }

    private async Task<Acceptance> StartWhenAcceptedAsync(Job job, Task<AcceptResult> accepting)
    {
        AcceptResult result;
        try
        {
            result = await accepting;
        }
        catch (LedgerUnavailableException e)
        {
            Log.NotAccepted(parts.Logger, job.Id, e.Message);
            Drop(job);
            return Acceptance.Refused(JobErrorCode.LedgerUnavailable);
        }

        switch (result.Outcome)
        {
            case AcceptOutcome.Accepted:
                _active[job] = RunAsync(job);
                return new(job, null);
            case AcceptOutcome.Repeated:
                Drop(job);
                return await FindAsync(job.Key with { Id = result.JobId }, default) is { } earlier ? new(earlier, null) : Acceptance.Refused(JobErrorCode.IdInUse);
            default:
                Drop(job);
                return Acceptance.Refused(JobErrorCode.IdInUse);
        }
    }

    private async Task EndUnlessAcceptedAsync(Job job, Task<AcceptResult> accepting)
    {
        try
        {
            if ((await accepting).Outcome == AcceptOutcome.Accepted)
            {
                return;
            }

            await EndAsync(job, JobErrorCode.IdInUse, "Another service has a request of this id");
        }
        catch (LedgerUnavailableException e)
        {
            Log.NotAccepted(parts.Logger, job.Id, e.Message);
            await EndAsync(job, JobErrorCode.LedgerUnavailable, "The request cannot be written down; try again later");
        }
    }

    private static async Task EndAsync(Job job, JobErrorCode code, string message)
    {
        if (job.Fail(message, new() { Code = code, Message = message, Retryable = true }))
        {
            await job.StopWorkAsync();
        }
    }

    private void Resume(JobLease lease)
    {
        var job = new Job(StoredRequest.Read(lease), Context(), lease.Accepted)
        {
            Lease = Task.FromResult<JobLease?>(lease),
            IsResumed = true,
            Losses = lease.Losses,
            NextRun = lease.Attempt,
        };
        _registry.Add(job);
        _places.Take(job.Request.Owner);
        Log.Resumed(parts.Logger, job.Id, lease.Attempt - 1);
        _active[job] = RunAsync(job);
    }

    private async Task RunAsync(Job job)
    {
        await Task.Yield(); // The caller has put the job where it can be found.
        await using (parts.Progress.Begin(job))
        using (JobTelemetry.Begin("job", job.Id))
        {
            await pipeline.RunAsync(job);
        }

        _places.Give(job.Request.Owner);
        if (job.Snapshot.Timings.GenerationMs is { } took)
        {
            queues.Measure(took / 1000.0);
        }

        await job.RunRecorded;
        await job.Recorded;
        if (job.Finished.IsCompletedSuccessfully)
        {
            parts.Telemetry.Finished(job.Snapshot);
            _registry.Recorded(job);
        }

        _active.TryRemove(job, out _);
    }

    /// <summary>Lets what runs come to its end for a while, and leaves the rest to the next start.</summary>
    private async Task DrainAsync()
    {
        _stopping = true;
        var leaving = recorder.LeaveRunsAsync(); // From here on whoever ends this process is no crash.
        var working = Task.WhenAll(_active.Values);
        using var stop = new CancellationTokenSource();
        await Task.WhenAny(working, Task.Delay(options.ShutdownGrace, parts.Time, stop.Token));
        await stop.CancelAsync();
        await Task.WhenAll(_active.Keys.Select(j => j.DetachAsync()));
        await recorder.StopAsync();
        await Task.WhenAll(_active.Values);
        await leaving;
        await recorder.LeaveRunsAsync(); // What began during the grace.
    }

    private async Task SweepAsync()
    {
        try
        {
            await recorder.PruneAsync(parts.Time.GetUtcNow() - options.ResultLifetime);
        }
        catch (LedgerUnavailableException e)
        {
            Log.NotPruned(parts.Logger, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2120, LogLevel.Information, "Request '{RequestId}' is taken up again ({Runs} runs have begun)")]
        public static partial void Resumed(ILogger logger, string requestId, int runs);

        [LoggerMessage(2121, LogLevel.Error, "Request '{RequestId}' was not accepted: {Reason}")]
        public static partial void NotAccepted(ILogger logger, string requestId, string reason);

        [LoggerMessage(2122, LogLevel.Warning, "Old requests could not be forgotten: {Reason}")]
        public static partial void NotPruned(ILogger logger, string reason);
    }
}
