using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Jobs;
using ComfyServe.Jobs.Deliveries;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Gateway.Jobs;

/// <summary>Empties the outbox of jobs that ended: each call is claimed, tried, and tried again with growing pauses for a day.</summary>
internal sealed partial class JobWebhooks(EndpointLedger ledger, GatewayOptions options, TimeProvider time, ILogger<JobWebhooks> logger) : BackgroundService
{
    private const int AtOnce = 16;
    private static readonly TimeSpan Claim = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromHours(24);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(5);
    private readonly HttpClient _http = new(GuardedHandler.Create(new AddressPolicy(options.AllowedHosts), TimeSpan.FromSeconds(10))) { Timeout = Timeout.InfiniteTimeSpan };

    /// <inheritdoc/>
    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var change = ledger.NextChange;
            try
            {
                while (await ledger.Jobs.ClaimDeliveriesAsync(AtOnce, Claim) is { Count: > 0 } due)
                {
                    await Task.WhenAll(due.Select(d => DeliverAsync(d, stoppingToken)));
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is LedgerUnavailableException or System.Data.Common.DbException)
            {
                Log.OutboxAway(logger, error);
            }

            await Task.WhenAny(change, Task.Delay(Step, time, CancellationToken.None));
        }
    }

    private async Task DeliverAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        var (began, at) = (time.GetTimestamp(), time.GetUtcNow());
        var (status, error) = await TryAsync(delivery, at, cancellationToken);
        var attempt = new DeliveryAttempt(delivery.Attempts + 1, at, status, error, time.GetElapsedTime(began));
        DateTimeOffset? next = null;
        if (error is not null)
        {
            // 5 s, 15 s, 45 s, … up to an hour. 410 is the receiver's way to say: never again.
            var pause = Math.Min(LongestPause.TotalSeconds, 5 * Math.Pow(3, Math.Min(attempt.Attempt - 1, 20)));
            next = status == 410 || at - delivery.Created > GiveUpAfter ? null : at + TimeSpan.FromSeconds(pause);
            Log.Failed(logger, delivery.Id, delivery.JobId, attempt.Attempt, error);
        }

        await ledger.Jobs.RecordDeliveryAsync(delivery.Id, attempt, next);
    }

    private async Task<(int? Status, string? Error)> TryAsync(Delivery delivery, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var webhook = JsonSerializer.Deserialize(delivery.Target.Span, JobJson.Default.JobWebhook)!;
        using var patience = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            var body = delivery.Body.ToArray();
            using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url)
            {
                Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            };
            var timestamp = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            request.Headers.Add("webhook-id", delivery.Id);
            request.Headers.Add("webhook-timestamp", timestamp);
            if (!string.IsNullOrEmpty(webhook.Secret))
            {
                byte[] signed = [.. Encoding.UTF8.GetBytes($"{delivery.Id}.{timestamp}."), .. body];
                request.Headers.Add("webhook-signature", "v1," + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(webhook.Secret), signed)));
            }

            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            var status = (int)answer.StatusCode;
            return (status, answer.IsSuccessStatusCode ? null : string.Create(CultureInfo.InvariantCulture, $"the receiver answered {status}"));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"no answer in {Limit.TotalSeconds:0} s");
        }
        catch (Exception error) when (error is HttpRequestException or AddressRefusedException)
        {
            return (null, (error.InnerException as AddressRefusedException ?? error).Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(4306, LogLevel.Warning, "Webhook '{DeliveryId}' of job '{JobId}' failed at try {Attempt}: {Reason}")]
        public static partial void Failed(ILogger logger, string deliveryId, string jobId, int attempt, string reason);

        [LoggerMessage(4307, LogLevel.Error, "The outbox of jobs does not answer")]
        public static partial void OutboxAway(ILogger logger, Exception error);
    }
}
