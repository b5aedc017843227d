using System.Data.Common;
using ComfyServe.Jobs.Sealing;
using ComfyServe.Jobs.Storage;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Jobs;

/// <summary>
/// The ledger of durable jobs: accepted jobs, their leases and attempts, idempotency keys, and the outbox of webhooks.
/// A change is on disk when its task completes. A job reaches one terminal state once; a lease is fenced by its epoch.
/// </summary>
public sealed partial class JobLedger : IAsyncDisposable
{
    private readonly LedgerDatabase _database;
    private readonly LedgerWriter _writer;
    private readonly Sealer _sealer;
    private readonly TimeProvider _time;

    private JobLedger(LedgerDatabase database, LedgerWriter writer, Sealer sealer, TimeProvider time)
    {
        _database = database;
        _writer = writer;
        _sealer = sealer;
        _time = time;
    }

    /// <summary>Seals other secrets of the same installation.</summary>
    public Sealer Sealer => _sealer;

    /// <summary>Changes that wait to be written.</summary>
    public int Pending => _writer.Pending;

    /// <summary>Opens the ledger, creating what is missing.</summary>
    /// <exception cref="LedgerUnavailableException">The database cannot be opened, or another process has the file.</exception>
    public static async Task<JobLedger> OpenAsync(LedgerOptions options, TimeProvider time, ILogger<JobLedger> logger, CancellationToken cancellationToken = default)
    {
        var database = await LedgerDatabase.OpenAsync(options, logger, cancellationToken);
        Sealer? sealer = null;
        try
        {
            sealer = options.Key is { } key ? new Sealer(key.Span) : Sealer.FromFile(Path.Combine(options.Folder, "ledger.key"));
            await CheckKeyAsync(database, sealer, cancellationToken);
        }
        catch (Exception e)
        {
            sealer?.Dispose();
            await database.DisposeAsync();
            if (e is DbException or IOException or UnauthorizedAccessException)
            {
                throw database.Trouble("opened", e);
            }

            throw;
        }

        return new(database, new(database, options, logger), sealer, time);
    }

    /// <summary>Who has another key could read nothing that the others wrote, webhooks that are due among it.</summary>
    private static async Task CheckKeyAsync(LedgerDatabase database, Sealer sealer, CancellationToken cancellationToken)
    {
        var ours = Convert.ToHexStringLower(sealer.Derive("check of the ledger's key", 16));
        await using var session = await database.SessionAsync(cancellationToken);
        await session.Command("INSERT INTO ledger_info (name, value) VALUES ('key', @value) ON CONFLICT (name) DO NOTHING").With("@value", ours).ExecuteAsync(cancellationToken);
        if (await session.Command("SELECT value FROM ledger_info WHERE name = 'key'").FirstAsync(static r => r.GetString(0), cancellationToken) != ours)
        {
            throw new LedgerUnavailableException(
                "the ledger was sealed with another key: every process on one PostgreSQL needs the same one, and a folder that is moved needs its 'ledger.key'");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        await _database.DisposeAsync();
        _sealer.Dispose();
    }

    private async Task<LedgerSession> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var session = await _database.SessionAsync(cancellationToken);
            session.Trouble = e => _database.Trouble("read", e);
            return session;
        }
        catch (DbException e)
        {
            throw _database.Trouble("read", e);
        }
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();
}
