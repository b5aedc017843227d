using ComfyServe.Gateway.Endpoints;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Gateway.Routing;

/// <summary>Lets time pass in all routers ten times a second, and exchanges news with the endpoints' owners.</summary>
internal sealed partial class RoutingLoop(
    SeatTable seats, EndpointDirectory directory, IGrainFactory grains, TicketWriter tickets, RoutingClock clock, TimeProvider time, ILogger<RoutingLoop> logger) : BackgroundService
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SyncTimeout = TimeSpan.FromSeconds(5);
    private readonly HashSet<long> _syncing = [];
    private readonly Lock _gate = new(); // guards _syncing

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Step, time);
        List<Task> running = [];
        try
        {
            for (var round = 0L; await timer.WaitForNextTickAsync(stoppingToken); round++)
            {
                var now = clock.Now;
                foreach (var seat in seats.All)
                {
                    seat.Router.Tick(now);

                    // Owners hear at least each half second, and at once when there is something to tell.
                    if ((round % 5 == seat.EndpointId % 5 || seat.HasNews) && Begin(seat))
                    {
                        running.Add(SyncAsync(seat, stoppingToken));
                    }
                }

                running.RemoveAll(static t => t.IsCompleted);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(running);
        }
    }

    private bool Begin(EndpointSeat seat)
    {
        lock (_gate)
        {
            return directory.Find(seat.EndpointId) is not null && _syncing.Add(seat.EndpointId);
        }
    }

    private async Task SyncAsync(EndpointSeat seat, CancellationToken cancellationToken)
    {
        try
        {
            var news = await grains.GetGrain<IEndpointGrain>(seat.EndpointId)
                .SyncAsync(seat.Take(seats.Gateway, clock.Now)).WaitAsync(SyncTimeout, time, cancellationToken);
            if (news.Snapshot is { } snapshot)
            {
                tickets.Prepare(snapshot);
            }

            seat.Apply(news, clock.Now);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Shutting down.
        }
#pragma warning disable CA1031 // The owner may be moving, dead or slow in any way: routing goes on with what it knows.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Log.SyncFailed(logger, error, seat.EndpointId);
        }
        finally
        {
            lock (_gate)
            {
                _syncing.Remove(seat.EndpointId);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 4101, Level = LogLevel.Warning, Message = "Owner of endpoint '{EndpointId}' did not answer; routing goes on with its last snapshot")]
        public static partial void SyncFailed(ILogger logger, Exception error, long endpointId);
    }
}
