using System.Threading.RateLimiting;
using ComfyServe.Gateway.Keys;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Gateway.Http;

/// <summary>Finds out who calls, and how often they may.</summary>
internal sealed class Callers(KeyRing keys, GatewayOptions options) : IAsyncDisposable
{
    private readonly PartitionedRateLimiter<Caller> _calls = Buckets(options.CallsPerSecond, waiting: 0);
    private readonly PartitionedRateLimiter<Caller> _routes = Buckets(options.RoutesPerSecond, waiting: 10_000);

    /// <summary>Whose key the request carries: as a bearer token, in the query, or in the body.</summary>
    public Caller? Find(HttpContext context, string? bodyKey)
    {
        var header = context.Request.Headers.Authorization.ToString();
        const string Bearer = "Bearer ";
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) && header.Length > Bearer.Length)
        {
            return keys.Find(header[Bearer.Length..].Trim());
        }

        var query = context.Request.Query["api_key"].ToString();
        return keys.Find(query.Length > 0 ? query : bodyKey);
    }

    /// <summary>Whether the caller may make one more management call now.</summary>
    public bool MayCall(Caller caller)
    {
        using var lease = _calls.AttemptAcquire(caller);
        return lease.IsAcquired;
    }

    /// <summary>Waits until the caller may route one more request; false if that would take too long.</summary>
    public async ValueTask<bool> MayRouteAsync(Caller caller, TimeSpan patience, CancellationToken cancellationToken)
    {
        using (var now = _routes.AttemptAcquire(caller))
        {
            if (now.IsAcquired)
            {
                return true;
            }
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            using var later = await _routes.AcquireAsync(caller, 1, limit.Token);
            return later.IsAcquired;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _calls.DisposeAsync();
        await _routes.DisposeAsync();
    }

    private static PartitionedRateLimiter<Caller> Buckets(int perSecond, int waiting) =>
        PartitionedRateLimiter.Create<Caller, string>(caller => RateLimitPartition.GetTokenBucketLimiter(caller.KeyId, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = 2 * perSecond,
            TokensPerPeriod = Math.Max(1, perSecond / 10),
            ReplenishmentPeriod = TimeSpan.FromSeconds(perSecond >= 10 ? 0.1 : 1.0 / perSecond),
            QueueLimit = waiting,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        }));
}
