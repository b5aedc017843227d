using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Storage;

namespace ComfyServe.Gateway.Keys;

/// <summary>The secrets that gateways on one store share: the ticket key, and a root secret that other keys are made from.</summary>
internal sealed class GatewaySecrets : IDisposable
{
    private byte[] _root = [];
    private readonly Lock _signing = new(); // guards _ticketKey's use: an RSA key is not said to be thread-safe
    private RSA? _ticketKey;

    /// <summary>The public half, PEM.</summary>
    public string PublicKey { get; private set; } = "";

    /// <summary>Loads the secrets, or makes them.</summary>
    public async Task LoadAsync(IGatewayStore store, CancellationToken cancellationToken)
    {
        _root = await store.SecretAsync("root", static () => RandomNumberGenerator.GetBytes(32), cancellationToken);
        var key = await store.SecretAsync("ticket-key", MakeTicketKey, cancellationToken);
        _ticketKey = RSA.Create();
        _ticketKey.ImportPkcs8PrivateKey(key, out _);
        PublicKey = _ticketKey.ExportSubjectPublicKeyInfoPem() + "\n";
    }

    /// <summary>The original's signature over a worker's URL, base64. Takes a millisecond.</summary>
    public string SignUrl(string url)
    {
        lock (_signing)
        {
            return UrlSignature.Sign(_ticketKey ?? throw new InvalidOperationException("the gateway's secrets are not loaded yet"), url);
        }
    }

    /// <summary>A worker's token. Made anew each time, stored nowhere.</summary>
    public string WorkerToken(long workerId) => "cw_" + Derive($"worker {workerId}");

    /// <summary>Whether a token is the worker's; takes the same time for every wrong one.</summary>
    public bool IsWorkerToken(long workerId, string? token) => token is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(WorkerToken(workerId)));

    /// <summary>An endpoint's key, which the account may read at any time.</summary>
    public string EndpointKey(long endpointId, long number) => "ce_" + Derive($"endpoint {endpointId} key {number}");

    /// <summary>The key that seals durable jobs at rest: the same for all gateways on one store.</summary>
    public byte[] LedgerKey() => HMACSHA256.HashData(_root, "job ledger"u8);

    /// <summary>The key of the order in which one start of a gateway gives indexes.</summary>
    public byte[] IndexKey(long start) => HMACSHA256.HashData(_root, Encoding.UTF8.GetBytes($"request indexes {start}"));

    /// <summary>How much of a key may be shown, so that people tell keys apart: the three letters of its kind and six characters, of 43.</summary>
    public const int ShownLength = 9;

    /// <summary>A new random key: <c>ca_…</c> for the account, <c>ce_…</c> for one endpoint.</summary>
    public static string NewKey(bool forEndpoint = false) => (forEndpoint ? "ce_" : "ca_") + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <inheritdoc/>
    public void Dispose() => _ticketKey?.Dispose();

    private static byte[] MakeTicketKey()
    {
        using var key = RSA.Create(2048);
        return key.ExportPkcs8PrivateKey();
    }

    private string Derive(string purpose) => Base64Url.EncodeToString(HMACSHA256.HashData(_root, Encoding.UTF8.GetBytes(purpose)));
}
