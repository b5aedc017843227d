using System.Globalization;
using System.Net;
using System.Text;
using ComfyServe.Hosting.Outbound;

namespace ComfyServe.Jobs.Deliveries;

/// <summary>Makes one try of a delivery.</summary>
/// <param name="guarded">Calls what callers chose.</param>
/// <param name="trusted">Calls what the operator chose.</param>
/// <param name="time">Clock.</param>
public sealed class DeliveryClient(HttpClient guarded, HttpClient trusted, TimeProvider time)
{
    /// <summary>Posts a delivery; what went wrong is in the answer.</summary>
    public async Task<DeliveryAttempt> SendAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var at = time.GetUtcNow();
        var (status, error) = await TryAsync(delivery, at, cancellationToken);
        return new(delivery.Attempts + 1, at, status, error, time.GetElapsedTime(began));
    }

    private async Task<(int? Status, string? Error)> TryAsync(Delivery delivery, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var target = DeliveryTarget.Read(delivery.Target);
        using var patience = new CancellationTokenSource(target.Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            using var request = Request(delivery, target, at.ToUnixTimeSeconds());
            using var response = await (target.IsTrusted ? trusted : guarded).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            var status = (int)response.StatusCode;
            return (status, response.IsSuccessStatusCode ? null : Reason(response.StatusCode));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"no answer within {target.Limit.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is AddressRefusedException || e.InnerException is AddressRefusedException)
        {
            return (null, "the URL leads to an address that is not on the public internet");
        }
        catch (HttpRequestException e)
        {
            return (null, $"the receiver cannot be reached: {e.HttpRequestError}");
        }
    }

    private static string Reason(HttpStatusCode status) => (int)status is >= 300 and < 400
        ? $"the receiver answered {(int)status}; redirects are not followed"
        : $"the receiver answered {(int)status}";

    private static HttpRequestMessage Request(Delivery delivery, DeliveryTarget target, long timestamp)
    {
        var body = delivery.Body.ToArray();
        var url = new Uri(target.Url);
        var request = new HttpRequestMessage(HttpMethod.Post, new UriBuilder(url) { UserName = "", Password = "", Fragment = "" }.Uri)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } },
        };
        request.Headers.UserAgent.Add(new("ComfyServe", "1.0"));
        if (url.UserInfo.Length > 0)
        {
            request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(url.UserInfo))));
        }

        request.Headers.Add("webhook-id", delivery.Id);
        request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        if (target.Signers.Count > 0)
        {
            request.Headers.Add("X-Webhook-Signature", DeliverySignature.Original(target.Signers[0], body));
            request.Headers.Add("webhook-signature", DeliverySignature.Standard(target.Signers, delivery.Id, timestamp, body));
        }

        return request;
    }
}
