using System.Globalization;
using ComfyServe.Contracts.Api;
using ComfyServe.Gateway.Routing;
using ComfyServe.Gateway.Storage;
using ComfyServe.Hosting;
using ComfyServe.Jobs;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Gateway.Jobs;

/// <summary>Runs one leased try of a durable job: a worker is asked, and what came of it is written down under the lease's fence.</summary>
internal sealed partial class JobRunner(EndpointLedger ledger, WorkerCalls calls, BodyBudget memory, GatewayOptions options, TimeProvider time, ILogger<JobRunner> logger)
{
    /// <summary>How long a lease lasts unless renewed.</summary>
    public static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LedgerPause = TimeSpan.FromSeconds(0.25);

    /// <summary>Whether there is memory for another job's payload.</summary>
    public bool HasRoom => memory.Left > 0;

    /// <summary>Runs it to its end, or until the lease is lost.</summary>
    public async Task RunAsync(EndpointRow endpoint, JobLease lease, CancellationToken stopping)
    {
        var (job, size) = (StoredJob.Read(lease.Payload), lease.Payload.Length);
        memory.Take(size);
        var begun = ledger.Begin(lease.JobId, stopping);
        using var over = new CancellationTokenSource();
        var renewing = RenewAsync(lease, begun, over.Token);
        try
        {
            var verdict = await TryAsync(endpoint, lease, job, begun.Token);
            var outcome = await PersistAsync(() => WriteAsync(lease, job, verdict), stopping);
            if (outcome != FinishOutcome.Done)
            {
                Log.NotCounted(logger, lease.JobId, lease.Attempt, outcome);
            }
        }
        catch (OperationCanceledException)
        {
            // Cancelled, or the lease went to another gateway, or this one stops.
            Log.Interrupted(logger, lease.JobId, lease.Attempt);
            if (stopping.IsCancellationRequested)
            {
                await GiveBackAsync(lease);
            }
        }
        catch (LedgerUnavailableException error)
        {
            Log.NotWritten(logger, error, lease.JobId);
        }
        finally
        {
            await over.CancelAsync();
            await renewing;
            ledger.End(lease.JobId, begun);
            memory.Return(size);
        }
    }

    private async Task<WorkerVerdict> TryAsync(EndpointRow endpoint, JobLease lease, StoredJob job, CancellationToken cancellationToken)
    {
        var payload = System.Text.Encoding.UTF8.GetBytes(job.Payload.GetRawText());
        await using var watch = new WorkerWatch(calls, endpoint, time, cancellationToken);
        try
        {
            using var answer = await calls.SendAsync(
                endpoint,
                job.Route,
                payload,
                lease.Cost,
                Avoided(lease.Note),
                async (worker, idx) =>
                {
                    watch.Asks(worker.Id, idx);
                    await BeginAsync(lease, worker, watch.Token);
                },
                () => PersistAsync(() => ledger.Jobs.ForgetRunAsync(lease, lease.Attempt), watch.Token),
                watch.Token);
            return await ReadAsync(answer, watch.Token) is { } body
                ? WorkerVerdict.Of((int)answer.StatusCode, body)
                : new WorkerVerdict(AnswerMeaning.Failed, "result_too_large", $"the worker's answer is larger than {options.MaxJobBytes} bytes; have outputs stored and linked instead", default);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return WorkerVerdict.Lost($"the worker was lost: {error.Message}");
        }
        catch (OperationCanceledException) when (watch.IsLost && !cancellationToken.IsCancellationRequested)
        {
            return WorkerVerdict.Lost("the worker went silent");
        }
        catch (EndpointGoneException error)
        {
            return new WorkerVerdict(AnswerMeaning.Failed, "no_such_endpoint", error.Message, default);
        }
    }

    private async Task<byte[]?> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[64 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            if (body.Length + read > options.MaxJobBytes)
            {
                return null;
            }

            await body.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        return body.ToArray();
    }

    private Task<FinishOutcome> WriteAsync(JobLease lease, StoredJob job, WorkerVerdict verdict)
    {
        if (verdict.IsFinal)
        {
            var state = verdict.Meaning == AnswerMeaning.Completed ? JobState.Completed : JobState.Failed;
            return ledger.Jobs.FinishAsync(lease, JobEndings.Of(lease.JobId, state, job, verdict.Code, verdict.Message, verdict.Body));
        }

        var pause = TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, Math.Pow(2, Math.Min(lease.Attempt - 1, 10))));
        var parked = JobEndings.Of(
            lease.JobId, JobState.Failed, job, JobEndings.ParkedCode,
            string.Create(CultureInfo.InvariantCulture, $"tried {lease.Attempt} times; the last: {verdict.Message}. Send it again with POST …/jobs/{lease.JobId}/retry"), verdict.Body);
        return ledger.Jobs.ReleaseAsync(lease, time.GetUtcNow() + pause, verdict.Code!, verdict.Message, parked);
    }

    private async Task RenewAsync(JobLease lease, CancellationTokenSource begun, CancellationToken over)
    {
        using var timer = new PeriodicTimer(LeaseDuration / 3, time);
        try
        {
            while (await timer.WaitForNextTickAsync(over))
            {
                if (!await PersistAsync(() => ledger.Jobs.RenewAsync(lease, LeaseDuration), over))
                {
                    await begun.CancelAsync(); // cancelled, or somebody else's by now
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // It has ended.
        }
        catch (LedgerUnavailableException error)
        {
            Log.NotWritten(logger, error, lease.JobId);
            await begun.CancelAsync();
        }
    }

    /// <summary>Writes something although the ledger may be away for a moment, as a database that is started again: tries for as long as the lease can last.</summary>
    private async Task<T> PersistAsync<T>(Func<Task<T>> write, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await write();
            }
            catch (LedgerUnavailableException) when (time.GetElapsedTime(began) < 2 * LeaseDuration / 3)
            {
                // What the lease has left after a renewal.
            }

            await Task.Delay(LedgerPause, time, cancellationToken);
        }
    }

    // From here on it is a try. The next holder prefers another worker.
    private async Task BeginAsync(JobLease lease, WorkerRoute worker, CancellationToken cancellationToken)
    {
        var note = worker.Id.ToString(CultureInfo.InvariantCulture);
        if (!await PersistAsync(() => ledger.Jobs.BeginRunAsync(lease, lease.Attempt, note), cancellationToken))
        {
            throw new OperationCanceledException($"the lease of job '{lease.JobId}' was lost");
        }
    }

    /// <summary>This gateway stops in good order: the job may go on at once elsewhere, and no try is counted.</summary>
    private async Task GiveBackAsync(JobLease lease)
    {
        try
        {
            await ledger.Jobs.GiveBackAsync(lease);
        }
        catch (LedgerUnavailableException error)
        {
            Log.NotWritten(logger, error, lease.JobId); // the lease ends by itself
        }
    }

    private static long Avoided(string? note) => long.TryParse(note, NumberStyles.None, CultureInfo.InvariantCulture, out var worker) ? worker : 0;

    private static partial class Log
    {
        [LoggerMessage(4301, LogLevel.Information, "What try {Attempt} of job '{JobId}' came to does not count: {Outcome}")]
        public static partial void NotCounted(ILogger logger, string jobId, int attempt, FinishOutcome outcome);

        [LoggerMessage(4302, LogLevel.Information, "Try {Attempt} of job '{JobId}' was interrupted")]
        public static partial void Interrupted(ILogger logger, string jobId, int attempt);

        [LoggerMessage(4303, LogLevel.Error, "What came of job '{JobId}' could not be written down; it is tried again when its lease ends")]
        public static partial void NotWritten(ILogger logger, Exception error, string jobId);
    }
}
