using System.Collections.Concurrent;
using ComfyServe.Gateway.Keys;
using ComfyServe.Hosting.Web;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Gateway.Http;

/// <summary>Finds out who calls, and how often they may.</summary>
internal sealed class Callers(KeyRing keys, KeyUses uses, GatewayOptions options, TimeProvider time)
{
    // One for each key that was used: as many as the store has keys, at most.
    private readonly ConcurrentDictionary<string, CallPace> _calls = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CallPace> _routes = new(StringComparer.Ordinal);

    /// <summary>Whose key the request carries: as a bearer token, in the query, or in the body.</summary>
    public Caller? Find(HttpContext context, string? bodyKey)
    {
        var caller = Look(context, bodyKey);
        if (caller is not null)
        {
            uses.Note(caller);
            ConnectionBound.Admit(context);
        }

        return caller;
    }

    private Caller? Look(HttpContext context, string? bodyKey)
    {
        var header = context.Request.Headers.Authorization.ToString();
        const string Bearer = "Bearer ";
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) && header.Length > Bearer.Length)
        {
            return keys.Find(header.AsSpan(Bearer.Length).Trim());
        }

        var query = context.Request.Query["api_key"].ToString();
        return keys.Find(query.Length > 0 ? query : bodyKey);
    }

    /// <summary>Whether the caller may make one more management call now.</summary>
    public bool MayCall(Caller caller) => Pace(_calls, caller, options.CallsPerSecond).TryReserve(TimeSpan.Zero, out _);

    /// <summary>Waits until the caller may route one more request; false, at once, if that would take longer than its patience.</summary>
    public ValueTask<bool> MayRouteAsync(Caller caller, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (!Pace(_routes, caller, options.RoutesPerSecond).TryReserve(patience, out var wait))
        {
            return ValueTask.FromResult(false);
        }

        return wait <= TimeSpan.Zero ? ValueTask.FromResult(true) : LaterAsync(wait, cancellationToken);
    }

    private async ValueTask<bool> LaterAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        await Task.Delay(wait, time, cancellationToken);
        return true;
    }

    private CallPace Pace(ConcurrentDictionary<string, CallPace> paces, Caller caller, int perSecond) =>
        paces.GetOrAdd(caller.KeyId, static (_, made) => new CallPace(made.PerSecond, 2 * made.PerSecond, made.Time), (PerSecond: perSecond, Time: time));
}
