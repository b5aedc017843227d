using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Jobs;
using ComfyServe.Gateway.Keys;
using ComfyServe.Gateway.Routing;
using ComfyServe.Gateway.Storage;
using Microsoft.Extensions.Hosting;

namespace ComfyServe.Gateway;

/// <summary>Opens the store and loads secrets, keys and endpoints before anything else starts.</summary>
internal sealed class GatewayStart(
    IGatewayStore store, GatewaySecrets secrets, CertificateAuthority authority, EndpointLedger ledger, SeatTable seats, EndpointDirectory directory, GatewayOptions options, TimeProvider time) : IHostedService
{
    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await store.InitializeAsync(cancellationToken);
        await secrets.LoadAsync(store, cancellationToken);
        await authority.LoadAsync(store, cancellationToken);
        var start = await store.NextAsync("start", cancellationToken) - 1;
        seats.Number(start, secrets.IndexKey(start));
        var accountKey = options.AdminKey ?? Environment.GetEnvironmentVariable("COMFYSERVE_ADMIN_KEY");
        if (!string.IsNullOrEmpty(accountKey))
        {
            directory.Configure(accountKey);
        }
        else if (!(await store.ApiKeysAsync(cancellationToken)).Any(k => k.Scope == "account"))
        {
            await MakeAccountKeyAsync(cancellationToken);
        }

        await ledger.OpenAsync(cancellationToken);
        await directory.RenewAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task MakeAccountKeyAsync(CancellationToken cancellationToken)
    {
        var key = GatewaySecrets.NewKey();
        await store.AddApiKeyAsync(
            new ApiKeyRow
            {
                Id = await store.NextAsync("key", cancellationToken),
                Hash = KeyRing.Hash(key),
                Prefix = key[..GatewaySecrets.ShownLength],
                Name = "account",
                Scope = "account",
                CreatedAt = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0,
            },
            cancellationToken);
        options.AdminKeyMade(key);
    }
}
