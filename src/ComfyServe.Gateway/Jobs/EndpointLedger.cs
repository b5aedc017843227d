using System.Collections.Concurrent;
using System.Globalization;
using ComfyServe.Gateway.Keys;
using ComfyServe.Gateway.Routing;
using ComfyServe.Jobs;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Gateway.Jobs;

/// <summary>The ledger of the endpoints' durable jobs, and the signals between those who wait for a job and those who work on it.</summary>
internal sealed class EndpointLedger(GatewayOptions options, GatewaySecrets secrets, SeatTable seats, TimeProvider time, ILogger<JobLedger> logger) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _running = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _ends = new(StringComparer.Ordinal);
    private JobLedger? _jobs;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The ledger.</summary>
    public JobLedger Jobs => _jobs ?? throw new InvalidOperationException("the ledger of jobs is not open yet");

    /// <summary>Whether it is open.</summary>
    public bool IsOpen => _jobs is not null;

    /// <summary>This gateway as a holder of leases. An SQLite ledger has one process: it takes its own leases back when it starts again.</summary>
    public string Holder => options.Database is null ? "gateway" : string.Create(CultureInfo.InvariantCulture, $"gateway-{seats.Gateway}");

    /// <summary>An endpoint's queue.</summary>
    public static string QueueOf(long endpointId) => string.Create(CultureInfo.InvariantCulture, $"endpoint-{endpointId}");

    /// <summary>What names a job: it belongs to its endpoint, whoever has a key for that.</summary>
    public static JobKey KeyOf(long endpointId, string jobId) => new(QueueOf(endpointId), jobId);

    /// <summary>Opens it, and takes back leases of this gateway's last run.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        var ledger = new LedgerOptions { Folder = Path.Combine(options.DataDirectory, "jobs"), Postgres = options.Database, Key = secrets.LedgerKey() };
        _jobs = await JobLedger.OpenAsync(ledger, time, logger, cancellationToken);
        await _jobs.ReclaimAsync(Holder, JobEndings.Parked);
    }

    /// <summary>Something about some job has changed: who waits looks again.</summary>
    public void Changed()
    {
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        WakeDeliveries?.Invoke();
    }

    /// <summary>Called when there may be a webhook to deliver.</summary>
    public Action? WakeDeliveries { get; set; }

    /// <summary>Completes at the next change.</summary>
    public Task NextChange => Volatile.Read(ref _changed).Task;

    /// <summary>Completes when a job that is worked on here ends, at the latest when the patience is over.</summary>
    public async Task EndOfAsync(string jobId, TimeSpan patience, CancellationToken cancellationToken)
    {
        var end = _ends.GetOrAdd(jobId, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            await Task.WhenAny(end.Task, Task.Delay(patience, time, cancellationToken));
        }
        finally
        {
            // Others who wait for the same job look again by themselves.
            _ends.TryRemove(KeyValuePair.Create(jobId, end));
        }
    }

    /// <summary>A job is worked on here; the token ends when it is cancelled or its lease is lost.</summary>
    public CancellationTokenSource Begin(string jobId, CancellationToken stopping) => _running[jobId] = CancellationTokenSource.CreateLinkedTokenSource(stopping);

    /// <summary>It no longer is. A later try of the same job may have begun here meanwhile, when this one lost its lease: that one goes on.</summary>
    public void End(string jobId, CancellationTokenSource begun)
    {
        _running.TryRemove(KeyValuePair.Create(jobId, begun));
        begun.Dispose();
        Tell(jobId);
    }

    /// <summary>Ends the work on a job, if it is done here.</summary>
    public async Task InterruptAsync(string jobId)
    {
        if (_running.TryGetValue(jobId, out var source))
        {
            try
            {
                await source.CancelAsync();
            }
            catch (ObjectDisposedException)
            {
                // It ended at this moment.
            }
        }

        Tell(jobId);
    }

    private void Tell(string jobId)
    {
        if (_ends.TryRemove(jobId, out var end))
        {
            end.TrySetResult();
        }

        Changed();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_jobs is not null)
        {
            await _jobs.DisposeAsync();
        }
    }
}
