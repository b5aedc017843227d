using ComfyServe.Hosting.Files;
using ComfyServe.Jobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Jobs.Durable;

/// <summary>This service's part of the ledger: open while the service runs.</summary>
internal sealed class ServiceLedger(ApiOptions options, TimeProvider time, ILogger<JobLedger> logger) : IHostedService
{
    private JobLedger? _ledger;

    /// <summary>The ledger. Throws before the service was started.</summary>
    public JobLedger Jobs => _ledger ?? throw new InvalidOperationException("the ledger is not open: the service was not started");

    /// <summary>This installation: the same after a restart, another one in another data folder.</summary>
    public string Instance { get; private set; } = "";

    /// <summary>The queue of this service's jobs. Services that share a PostgreSQL have one each.</summary>
    public string Queue => $"api/{Instance}";

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            PrivateFiles.CreateFolder(options.DataFolder);
            Instance = await ReadInstanceAsync(Path.Combine(options.DataFolder, "instance"), cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LedgerUnavailableException(
                $"the data folder '{options.DataFolder}' cannot be written ({e.Message}): give this account the right to write there, mount it writable, or choose another one", e);
        }

        var settings = new LedgerOptions { Folder = Path.Combine(options.DataFolder, "ledger"), Postgres = options.LedgerPostgres, Key = options.LedgerKey };
        _ledger = await JobLedger.OpenAsync(settings, time, logger, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_ledger is not null)
        {
            await _ledger.DisposeAsync();
        }
    }

    private static async Task<string> ReadInstanceAsync(string path, CancellationToken cancellationToken)
    {
        if (File.Exists(path) && Guid.TryParse(await File.ReadAllTextAsync(path, cancellationToken), out var known))
        {
            return known.ToString("N");
        }

        var fresh = Guid.NewGuid().ToString("N");
        await PrivateFiles.WriteAsync(path, System.Text.Encoding.ASCII.GetBytes(fresh), cancellationToken);
        return fresh;
    }
}
