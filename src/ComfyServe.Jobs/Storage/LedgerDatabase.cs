using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ComfyServe.Jobs.Storage;

/// <summary>Opens sessions on the ledger's database, SQLite or PostgreSQL.</summary>
internal sealed class LedgerDatabase : IAsyncDisposable
{
    private readonly string? _sqlite;
    private readonly NpgsqlDataSource? _postgres;
    private readonly FileStream? _lock;

    private LedgerDatabase(string? sqlite, NpgsqlDataSource? postgres, FileStream? @lock)
    {
        _sqlite = sqlite;
        _postgres = postgres;
        _lock = @lock;
    }

    /// <summary>Whether it is PostgreSQL.</summary>
    public bool IsPostgres => _postgres is not null;

    /// <summary>Opens or creates the database.</summary>
    public static async Task<LedgerDatabase> OpenAsync(LedgerOptions options, CancellationToken cancellationToken)
    {
        var database = options.Postgres is { } postgres ? new LedgerDatabase(null, NpgsqlDataSource.Create(postgres), null) : OpenSqlite(options.Folder);
        try
        {
            await using var session = await database.SessionAsync(cancellationToken);
            await Schema.CreateAsync(session, cancellationToken);
        }
        catch (DbException e)
        {
            await database.DisposeAsync();
            throw new LedgerUnavailableException($"the ledger cannot be opened: {e.Message}", e);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }

        return database;
    }

    /// <summary>Opens a connection.</summary>
    public async Task<LedgerSession> SessionAsync(CancellationToken cancellationToken)
    {
        if (_postgres is not null)
        {
            return new(await _postgres.OpenConnectionAsync(cancellationToken), isPostgres: true);
        }

        var connection = new SqliteConnection(_sqlite);
        try
        {
            await connection.OpenAsync(cancellationToken);
            await using var pragmas = connection.CreateCommand();
            // FULL: every commit is flushed before it returns, in WAL mode too.
            pragmas.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 5000;";
            await pragmas.ExecuteNonQueryAsync(cancellationToken);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        return new(connection, isPostgres: false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }

        if (_lock is not null)
        {
            await _lock.DisposeAsync();
        }
    }

    private static LedgerDatabase OpenSqlite(string folder)
    {
        Directory.CreateDirectory(folder);
        var connection = new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "ledger.db"), Pooling = false };
        try
        {
            // One process per file: two would both believe that they hold the leases.
            var @lock = new FileStream(Path.Combine(folder, "ledger.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new(connection.ToString(), null, @lock);
        }
        catch (IOException e)
        {
            throw new LedgerUnavailableException($"the ledger in '{folder}' is in use by another process: stop that one, or choose another folder for the data", e);
        }
    }
}
