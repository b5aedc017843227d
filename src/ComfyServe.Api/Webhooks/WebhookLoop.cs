using System.Diagnostics.CodeAnalysis;
using ComfyServe.Api.Engines;
using ComfyServe.Api.Jobs.Durable;
using ComfyServe.Api.Telemetry;
using ComfyServe.Jobs;
using ComfyServe.Jobs.Deliveries;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Webhooks;

/// <summary>
/// Empties the outbox: deliveries that are due are claimed, tried and written down. Claims are short and renewed while a try lasts, so that what a process
/// that died had claimed is soon tried again, under the same id.
/// </summary>
internal sealed partial class WebhookLoop(ServiceLedger ledger, JobRecorder recorder, WebhookClient client, WebhookOptions options, TimeProvider time, ILogger<WebhookLoop> logger) : BackgroundService
{
    private const int AtOnce = 64;

    private static readonly TimeSpan Claim = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(7);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(2);

    private readonly AsyncSignal _wake = new(time);
    private readonly Random _chance = new();
    private readonly Dictionary<Task, string> _underWay = []; // the loop's alone
    private long _renewed = time.GetTimestamp();

    /// <summary>There may be something to deliver.</summary>
    public void Wake() => _wake.Set();

    /// <inheritdoc/>
    [SuppressMessage("Design", "CA1031", Justification = "The top of a loop: it logs and goes on.")]
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        recorder.Wake = Wake;
        try
        {
            while (true)
            {
                var wait = AfterTrouble;
                try
                {
                    wait = await TurnAsync(stoppingToken);
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    Log.Trouble(logger, e);
                }

                await _wake.WaitAsync(wait, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(_underWay.Keys);
        }
    }

    /// <summary>Renews claims and begins what is due; returns when to look again, unless something ends or comes before.</summary>
    private async Task<TimeSpan> TurnAsync(CancellationToken cancellationToken)
    {
        foreach (var over in _underWay.Keys.Where(t => t.IsCompleted).ToList())
        {
            _underWay.Remove(over);
        }

        if (_underWay.Count > 0 && time.GetElapsedTime(_renewed) >= Renewal)
        {
            await ledger.Jobs.ExtendClaimsAsync([.. _underWay.Values], Claim);
            _renewed = time.GetTimestamp();
        }

        if (AtOnce - _underWay.Count is > 0 and var free)
        {
            foreach (var delivery in await ledger.Jobs.ClaimDeliveriesAsync(free, Claim))
            {
                _underWay.Add(DeliverAsync(delivery, cancellationToken), delivery.Id);
            }
        }

        var longest = _underWay.Count > 0 ? Renewal : LongestWait;
        if (_underWay.Count == AtOnce || await ledger.Jobs.NextDeliveryAsync(cancellationToken) is not { } next)
        {
            return longest;
        }

        var wait = next - time.GetUtcNow();
        return wait < longest ? TimeSpan.FromTicks(Math.Max(wait.Ticks, TimeSpan.TicksPerMillisecond)) : longest;
    }

    private async Task DeliverAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        await Task.Yield(); // The loop has put it where it is renewed.
        try
        {
            await TryAsync(delivery, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await GiveBackAsync(delivery);
        }
        catch (LedgerUnavailableException e)
        {
            Log.Trouble(logger, e); // It is tried again when the claim is over.
        }

        Wake();
    }

    private async Task TryAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        using var activity = JobTelemetry.Begin("webhook", delivery.JobId);
        var attempt = await client.SendAsync(delivery, cancellationToken);
        DateTimeOffset? next = null;
        if (attempt.Error is { } error)
        {
            // 410 is the receiver's way to say: never again.
            next = attempt.Status == 410 ? null : RetrySchedule.Next(attempt.Attempt, delivery.Created, time.GetUtcNow(), options, Chance());
            Log.Failed(logger, delivery.Id, delivery.JobId, attempt.Attempt, error, next is null ? "given up" : $"tried again at {next:u}");
        }

        await ledger.Jobs.RecordDeliveryAsync(delivery.Id, attempt, next);
    }

    /// <summary>The service stops: its next start need not wait for the claim to end.</summary>
    private async Task GiveBackAsync(Delivery delivery)
    {
        try
        {
            await ledger.Jobs.ExtendClaimsAsync([delivery.Id], TimeSpan.Zero);
        }
        catch (LedgerUnavailableException e)
        {
            Log.Trouble(logger, e);
        }
    }

    private double Chance()
    {
        lock (_chance) // guards it: tries end on any thread
        {
            return _chance.NextDouble();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2300, LogLevel.Warning, "Webhook '{DeliveryId}' about request '{RequestId}' failed (try {Attempt}): {Reason}; {Next}")]
        public static partial void Failed(ILogger logger, string deliveryId, string requestId, int attempt, string reason, string next);

        [LoggerMessage(2301, LogLevel.Error, "The outbox could not be worked on")]
        public static partial void Trouble(ILogger logger, Exception exception);
    }
}
