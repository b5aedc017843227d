using System.Diagnostics.CodeAnalysis;
using ComfyServe.Api.Engines;
using ComfyServe.Api.Jobs.Durable;
using ComfyServe.Jobs.Deliveries;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Webhooks;

/// <summary>
/// Empties the outbox: deliveries that are due are claimed, tried and written down. A process that dies in between leaves them claimed for a while;
/// then they are tried again, under the same id.
/// </summary>
internal sealed partial class WebhookLoop(ServiceLedger ledger, JobRecorder recorder, WebhookClient client, WebhookOptions options, TimeProvider time, ILogger<WebhookLoop> logger) : BackgroundService
{
    private const int AtOnce = 16;

    private static readonly TimeSpan Claim = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(2);

    private readonly AsyncSignal _wake = new(time);
    private readonly Random _chance = new();

    /// <summary>There may be something to deliver.</summary>
    public void Wake() => _wake.Set();

    /// <inheritdoc/>
    [SuppressMessage("Design", "CA1031", Justification = "The top of a loop: it logs and goes on.")]
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        recorder.Wake = Wake;
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = AfterTrouble;
            try
            {
                wait = await DeliverAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Log.Trouble(logger, e);
            }

            try
            {
                await _wake.WaitAsync(wait, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Delivers what is due; returns how long nothing will be.</summary>
    private async Task<TimeSpan> DeliverAsync(CancellationToken cancellationToken)
    {
        while (await ledger.Jobs.ClaimDeliveriesAsync(AtOnce, Claim) is { Count: > 0 } due)
        {
            await Task.WhenAll(due.Select(d => DeliverAsync(d, cancellationToken)));
        }

        if (await ledger.Jobs.NextDeliveryAsync(cancellationToken) is not { } next)
        {
            return LongestWait;
        }

        var wait = next - time.GetUtcNow();
        return wait < LongestWait ? TimeSpan.FromTicks(Math.Max(wait.Ticks, TimeSpan.TicksPerMillisecond)) : LongestWait;
    }

    private async Task DeliverAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        var attempt = await client.SendAsync(delivery, cancellationToken);
        DateTimeOffset? next = null;
        if (attempt.Error is { } error)
        {
            // 410 is the receiver's way to say: never again.
            next = attempt.Status == 410 ? null : RetrySchedule.Next(attempt.Attempt, delivery.Created, time.GetUtcNow(), options, _chance.NextDouble());
            Log.Failed(logger, delivery.Id, delivery.JobId, attempt.Attempt, error, next is null ? "given up" : $"tried again at {next:u}");
        }

        await ledger.Jobs.RecordDeliveryAsync(delivery.Id, attempt, next);
    }

    private static partial class Log
    {
        [LoggerMessage(2300, LogLevel.Warning, "Webhook '{DeliveryId}' about request '{RequestId}' failed (try {Attempt}): {Reason}; {Next}")]
        public static partial void Failed(ILogger logger, string deliveryId, string requestId, int attempt, string reason, string next);

        [LoggerMessage(2301, LogLevel.Error, "The outbox could not be worked on")]
        public static partial void Trouble(ILogger logger, Exception exception);
    }
}
