using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Keys;

namespace ComfyServe.Gateway.Routing;

/// <summary>Turns an outcome into the answer of <c>/route/</c>: a signed ticket, or a request to wait.</summary>
internal sealed class TicketWriter(GatewaySecrets secrets, GatewayOptions options, TimeProvider time)
{
    private const int MaxRemembered = 20_000;

    // Signing a URL takes a millisecond and always gives the same; a worker's URL and token change hardly ever.
    private readonly ConcurrentDictionary<string, string> _signatures = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<long, byte[]> _grantKeys = new();

    /// <summary>Makes the answer.</summary>
    public RouteAnswer Write(string endpoint, double cost, in RouteOutcome outcome, string summary)
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

        Span<byte> random = stackalloc byte[15];
        RandomNumberGenerator.Fill(random);
        var nonce = Base64Url.EncodeToString(random);
        var expires = (time.GetUtcNow() + options.TicketLife).ToUnixTimeMilliseconds();
        return new RouteAnswer
        {
            Endpoint = endpoint,
            Url = worker.Url,
            Cost = cost,
            Reqnum = outcome.Reqnum,
            Signature = Signature(worker.Url),
            RequestIdx = outcome.RequestIdx,
            CallId = callId,
            Grant = new TicketGrant
            {
                Version = GrantSignature.Version,
                WorkerId = worker.Id,
                ExpiresAt = expires,
                Nonce = nonce,
                Signature = GrantSignature.Sign(
                    GrantKey(worker.Id), endpoint, worker.Url, cost, outcome.Reqnum, outcome.RequestIdx, worker.Id, expires, nonce),
            },
        };
    }

    /// <summary>Signs a worker's URL ahead of its first ticket.</summary>
    public void Prepare(string url) => Signature(url);

    private string Signature(string url)
    {
        if (_signatures.Count > MaxRemembered)
        {
            _signatures.Clear();
        }

        return _signatures.GetOrAdd(url, static (u, key) => UrlSignature.Sign(key, u), secrets.TicketKey);
    }

    private byte[] GrantKey(long workerId)
    {
        if (_grantKeys.Count > MaxRemembered)
        {
            _grantKeys.Clear();
        }

        return _grantKeys.GetOrAdd(workerId, static (id, s) => GrantSignature.KeyFor(s.WorkerToken(id)), secrets);
    }
}
