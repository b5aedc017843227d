using ComfyServe.Api.Jobs;
using ComfyServe.Contracts.Api;
using ComfyServe.Hosting.Fairness;
using ComfyServe.Jobs.Deliveries;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Webhooks;

/// <summary>
/// Tells receivers that asked for it how their jobs go on. Only the end of a job is worth an outbox: what is told here is the newest state, at most one
/// call at a time and one each interval for a job, tried once, and nothing after the end.
/// </summary>
internal sealed partial class ProgressWebhooks(WebhookComposer composer, DeliveryClient client, ApiOptions options, TimeProvider time, ILogger<ProgressWebhooks> logger)
{
    private const int AtOnce = 16;

    /// <summary>A receiver that takes longer gets the next state instead.</summary>
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(10);

    private readonly FairSlots _slots = new(options.BoundsOf(AtOnce));

    /// <summary>Begins to tell about a job; null when nobody wants to know. Disposing waits for the call under way to be given up.</summary>
    public IAsyncDisposable? Begin(Job job)
    {
        var events = composer.EventsOf(job.Request);
        var (start, progress) = (events.Contains(WebhookEvents.Start), events.Contains(WebhookEvents.Progress));
        return (start || progress) && composer.TargetOf(job.Request.Webhook) is { } target
            ? new Telling(this, job, target with { TimeoutSeconds = Math.Min(target.TimeoutSeconds ?? LongestCall.TotalSeconds, LongestCall.TotalSeconds) }, start, progress)
            : null;
    }

    private Task PauseAsync(CancellationToken cancellationToken) => Task.Delay(options.Webhook.ProgressInterval, time, cancellationToken);

    private async Task SendAsync(Job job, JobSnapshot now, string happened, int number, DeliveryTarget target, CancellationToken cancellationToken)
    {
        var delivery = new Delivery
        {
            Id = $"msg_{job.Request.RunKey:N}_{number}",
            Job = job.Key,
            State = DeliveryState.Pending,
            Attempts = 0,
            Created = time.GetUtcNow(),
            Next = time.GetUtcNow(),
            Target = target.Write(),
            Body = WebhookComposer.Body(job.Id, job.Request, now, happened),
        };
        var attempt = await client.SendAsync(delivery, cancellationToken);
        if (attempt.Error is { } error)
        {
            Log.Failed(logger, happened, job.Id, error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2310, LogLevel.Debug, "The webhook '{Event}' of request '{RequestId}' was not taken: {Reason}")]
        public static partial void Failed(ILogger logger, string @event, string requestId, string reason);
    }

    private sealed class Telling : IAsyncDisposable
    {
        private readonly ProgressWebhooks _all;
        private readonly Job _job;
        private readonly DeliveryTarget _target;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _working;

        public Telling(ProgressWebhooks all, Job job, DeliveryTarget target, bool start, bool progress)
        {
            (_all, _job, _target) = (all, job, target);
            _working = WorkAsync(start, progress);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _working;
            _stop.Dispose();
        }

        private async Task WorkAsync(bool start, bool progress)
        {
            var events = _job.Events;
            var (position, number, told) = (0L, 0, (RunStep?)null);
            try
            {
                while (true)
                {
                    var page = events.After(position);
                    position = page.Last;
                    if (page.Ended || (!start && !progress))
                    {
                        return;
                    }

                    if (start && _job.HasBegun)
                    {
                        start = false;
                        await SendAsync(WebhookEvents.Start, ++number);
                        continue; // What came meanwhile is told without a pause.
                    }

                    if (progress && _job.Snapshot.Step is { } step && step != told)
                    {
                        told = step;
                        await SendAsync(WebhookEvents.Progress, ++number);
                        await _all.PauseAsync(_stop.Token);
                        continue;
                    }

                    await page.Changed.WaitAsync(_stop.Token);
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The job is over, or left to the next start.
            }
        }

        private async Task SendAsync(string happened, int number)
        {
            using var slot = await _all._slots.EnterAsync(_job.Request.Owner, _stop.Token);
            if (!_job.IsOver)
            {
                await _all.SendAsync(_job, _job.Snapshot, happened, number, _target, _stop.Token);
            }
        }
    }
}
