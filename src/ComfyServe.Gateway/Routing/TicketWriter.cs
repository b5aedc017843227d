using System.Collections.Concurrent;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Keys;

namespace ComfyServe.Gateway.Routing;

/// <summary>Turns an outcome into the answer of <c>/route/</c>: a signed ticket, or a request to wait.</summary>
internal sealed class TicketWriter(GatewaySecrets secrets, GatewayOptions options, TimeProvider time)
{
    private const int MaxRemembered = 20_000;

    // Signing a URL takes a millisecond and always gives the same; a worker's URL and token change hardly ever.
    private readonly ConcurrentDictionary<long, TicketSeal> _seals = new();

    /// <summary>Makes the answer.</summary>
    /// <param name="endpoint">The endpoint's name.</param>
    /// <param name="cost">The request's cost.</param>
    /// <param name="outcome">What routing says.</param>
    /// <param name="summary">The endpoint's workers by state.</param>
    /// <param name="key">Stands for the caller's key; empty for the gateway itself.</param>
    public RouteAnswer Write(string endpoint, double cost, in RouteOutcome outcome, string summary, string key)
    {
        var callId = Guid.NewGuid().ToString();
        if (outcome.Worker is not { } worker)
        {
            return new RouteAnswer
            {
                Endpoint = endpoint,
                RequestIdx = outcome.RequestIdx,
                CallId = callId,
                Status = outcome.CanServe ? "queued" : summary,
                QueuePosition = outcome.Position,
                QueueDepth = outcome.Depth,
            };
        }

        var seal = Seal(worker);
        var nonce = $"{key}.{callId}"; // 122 random bits
        var expires = (time.GetUtcNow() + options.TicketLife).ToUnixTimeMilliseconds();
        return new RouteAnswer
        {
            Endpoint = endpoint,
            Url = worker.Url,
            Cost = cost,
            Reqnum = outcome.Reqnum,
            Signature = seal.Signature,
            RequestIdx = outcome.RequestIdx,
            CallId = callId,
            Grant = new TicketGrant
            {
                Version = GrantSignature.Version,
                WorkerId = worker.Id,
                ExpiresAt = expires,
                Nonce = nonce,
                Signature = GrantSignature.Sign(
                    seal.GrantKey, endpoint, worker.Url, cost, outcome.Reqnum, outcome.RequestIdx, worker.Id, expires, nonce),
            },
        };
    }

    /// <summary>Signs the URLs of new workers before routing gets to know them, so that no request waits for it.</summary>
    public void Prepare(EndpointSnapshot snapshot)
    {
        foreach (var worker in snapshot.Workers)
        {
            Seal(worker);
        }
    }

    private TicketSeal Seal(WorkerRoute worker)
    {
        if (_seals.TryGetValue(worker.Id, out var known) && known.Url == worker.Url)
        {
            return known;
        }

        if (_seals.Count > MaxRemembered)
        {
            _seals.Clear();
        }

        var seal = new TicketSeal(worker.Url, secrets.SignUrl(worker.Url), GrantSignature.KeyFor(secrets.WorkerToken(worker.Id)));
        _seals[worker.Id] = seal;
        return seal;
    }

    /// <summary>What all tickets for one worker have in common.</summary>
    private sealed record TicketSeal(string Url, string Signature, byte[] GrantKey);
}
