using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using ComfyServe.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Jobs.Deliveries;

/// <summary>
/// Empties the outbox: deliveries that are due are claimed, tried and written down, each on its own, in turn of their owners. Claims are short and renewed while
/// a try lasts, so that what a process that died had claimed is soon tried again, under the same id.
/// </summary>
public sealed partial class DeliveryLoop(Func<JobLedger> ledger, DeliveryClient client, DeliveryOptions options, TimeProvider time, Random chance, ILogger<DeliveryLoop> logger)
    : BackgroundService
{
    private static readonly TimeSpan Claim = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(7);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(2);

    private readonly AsyncSignal _wake = new(time);
    private readonly Dictionary<Task, Delivery> _underWay = []; // the loop's alone
    private long _renewed = time.GetTimestamp();
    private string _last = "";

    /// <summary>Begins the trace of a try; null where nobody listens.</summary>
    public Func<Delivery, Activity?> Trace { get; init; } = static _ => null;

    /// <summary>There may be something to deliver.</summary>
    public void Wake() => _wake.Set();

    /// <inheritdoc/>
    [SuppressMessage("Design", "CA1031", Justification = "The top of a loop: it logs and goes on.")]
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
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
            await ledger().ExtendClaimsAsync([.. _underWay.Values.Select(static d => d.Id)], Claim);
            _renewed = time.GetTimestamp();
        }

        var due = await ledger().DueDeliveriesAsync(options.Bounds.Most, cancellationToken);
        if (due.Count > 0 && DeliveryTurns.Plan(due, UnderWay(), options.Bounds, _last) is { Count: > 0 } turns)
        {
            _last = turns[^1].Owner;
            foreach (var delivery in await ledger().ClaimDeliveriesAsync(turns, Claim))
            {
                _underWay.Add(DeliverAsync(delivery, cancellationToken), delivery);
            }
        }

        // What is due and was not claimed waits for a try of its owner to end, which wakes the loop.
        var longest = _underWay.Count > 0 ? Renewal : LongestWait;
        if (await ledger().NextDeliveryAsync(cancellationToken) is not { } next)
        {
            return longest;
        }

        var wait = next - time.GetUtcNow();
        return wait < longest ? TimeSpan.FromTicks(Math.Max(wait.Ticks, TimeSpan.TicksPerMillisecond)) : longest;
    }

    private IEnumerable<DeliveryLine> UnderWay() => _underWay.Values.GroupBy(static d => d.Job.Owner ?? "", StringComparer.Ordinal)
        .Select(static g => new DeliveryLine(g.Key, g.Count(static d => d.Attempts == 0), g.Count(static d => d.Attempts > 0)));

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
        using var activity = Trace(delivery);
        var attempt = await client.SendAsync(delivery, cancellationToken);
        DateTimeOffset? next = null;
        if (attempt.Error is { } error)
        {
            // 410 is the receiver's way to say: never again.
            next = attempt.Status == 410 ? null : RetrySchedule.Next(attempt.Attempt, delivery.Created, time.GetUtcNow(), options, Chance());
            Log.Failed(logger, delivery.Id, delivery.JobId, attempt.Attempt, error, next is null ? "given up" : $"tried again at {next:u}");
        }

        await ledger().RecordDeliveryAsync(delivery.Id, attempt, next);
    }

    /// <summary>The process stops: its next start need not wait for the claim to end.</summary>
    private async Task GiveBackAsync(Delivery delivery)
    {
        try
        {
            await ledger().ExtendClaimsAsync([delivery.Id], TimeSpan.Zero);
        }
        catch (LedgerUnavailableException e)
        {
            Log.Trouble(logger, e);
        }
    }

    private double Chance()
    {
        lock (chance) // guards it: tries end on any thread
        {
            return chance.NextDouble();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2300, LogLevel.Warning, "Webhook '{DeliveryId}' about '{JobId}' failed (try {Attempt}): {Reason}; {Next}")]
        public static partial void Failed(ILogger logger, string deliveryId, string jobId, int attempt, string reason, string next);

        [LoggerMessage(2301, LogLevel.Error, "The outbox could not be worked on")]
        public static partial void Trouble(ILogger logger, Exception exception);
    }
}
