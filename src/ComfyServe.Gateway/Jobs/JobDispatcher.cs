using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Routing;
using ComfyServe.Gateway.Storage;
using ComfyServe.Jobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Gateway.Jobs;

/// <summary>
/// Leases durable jobs while workers have room for them, and starts their tries. Callers who wait for a worker go first: a
/// job is only leased when nobody waits. Takes back leases whose gateway is gone, and forgets jobs that ended long ago.
/// </summary>
internal sealed partial class JobDispatcher(
    EndpointLedger ledger, JobCensus census, JobRunner runner, SeatTable seats, EndpointDirectory directory, GatewayOptions options, TimeProvider time, ILogger<JobDispatcher> logger) : BackgroundService
{
    private const int MaxRunning = 512;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ReclaimEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PruneEvery = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);
    private readonly List<Task> _running = [];

    // Endpoints that had no job when last looked at, and when that was: a look costs a transaction.
    private readonly Dictionary<long, long> _quiet = [];

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (reclaimed, pruned) = (time.GetTimestamp(), time.GetTimestamp());
        while (!stoppingToken.IsCancellationRequested)
        {
            var change = ledger.NextChange;
            try
            {
                foreach (var endpoint in directory.Endpoints)
                {
                    await DispatchAsync(endpoint, stoppingToken);
                }

                if (time.GetElapsedTime(reclaimed) >= ReclaimEvery)
                {
                    reclaimed = time.GetTimestamp();
                    await ReclaimAsync();
                }

                if (time.GetElapsedTime(pruned) >= PruneEvery)
                {
                    pruned = time.GetTimestamp();
                    await ledger.Jobs.PruneAsync(time.GetUtcNow() - options.JobRetention);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break; // what runs is waited for below
            }
            catch (Exception error) when (error is LedgerUnavailableException or System.Data.Common.DbException)
            {
                Log.LedgerAway(logger, error);
            }

            _running.RemoveAll(static t => t.IsCompleted);
            await Task.WhenAny(change, Task.Delay(Step, time, CancellationToken.None));
            if (change.IsCompleted)
            {
                _quiet.Clear();
            }
        }

        await Task.WhenAll(_running);
    }

    private async Task DispatchAsync(EndpointRow endpoint, CancellationToken stoppingToken)
    {
        var router = seats.Seat(endpoint.Id).Router;
        if (_quiet.TryGetValue(endpoint.Id, out var looked))
        {
            if (time.GetElapsedTime(looked) < Quiet)
            {
                return;
            }

            // Nothing has changed here: only another gateway can have accepted a job.
            if ((await census.CountAsync(endpoint.Id, stoppingToken)).Waiting == 0)
            {
                _quiet[endpoint.Id] = time.GetTimestamp();
                return;
            }
        }

        while (_running.Count < MaxRunning && runner.HasRoom && router.HasRoom)
        {
            if (await ledger.Jobs.LeaseAsync(EndpointLedger.QueueOf(endpoint.Id), ledger.Holder, JobRunner.LeaseDuration) is not { } lease)
            {
                _quiet[endpoint.Id] = time.GetTimestamp();
                return;
            }

            // Routes before its first await, so that the next look at the router's room counts it.
            _running.Add(runner.RunAsync(endpoint, lease, stoppingToken));
        }
    }

    private async Task ReclaimAsync()
    {
        if (await ledger.Jobs.ReclaimAsync(null, JobEndings.Parked) is { Count: > 0 } lost)
        {
            Log.Reclaimed(logger, lost.Count);
            ledger.Changed();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(4304, LogLevel.Warning, "{Count} jobs of a gateway that is gone wait again")]
        public static partial void Reclaimed(ILogger logger, int count);

        [LoggerMessage(4305, LogLevel.Error, "The ledger of jobs does not answer")]
        public static partial void LedgerAway(ILogger logger, Exception error);
    }
}
