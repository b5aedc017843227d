using System.Data.Common;
using ComfyServe.Hosting.Files;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ComfyServe.Jobs.Storage;

/// <summary>Opens sessions on the ledger's database, SQLite or PostgreSQL.</summary>
internal sealed partial class LedgerDatabase : IAsyncDisposable
{
    private const string FileName = "ledger.db";

    /// <summary>A file of at most so many bytes is read through at each start: a fraction of a second. In a larger one damage shows where it is met.</summary>
    private const long CheckedBytes = 64 << 20;

    private readonly string? _folder;
    private readonly string? _sqlite;
    private readonly NpgsqlDataSource? _postgres;
    private readonly FileStream? _lock;

    private LedgerDatabase(string folder, FileStream @lock)
    {
        (_folder, _lock, Count) = (folder, @lock, new(folder));
        _sqlite = new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, FileName), Pooling = false }.ToString();
    }

    private LedgerDatabase(NpgsqlDataSource postgres) => _postgres = postgres;

    /// <summary>Whether it is PostgreSQL.</summary>
    public bool IsPostgres => _postgres is not null;

    /// <summary>The count beside an SQLite ledger; null for PostgreSQL, whose log is its own business.</summary>
    public LedgerCount? Count { get; }

    /// <summary>Opens or creates the database.</summary>
    /// <exception cref="LedgerUnavailableException">It cannot be; the message names what is wrong and what to do.</exception>
    public static async Task<LedgerDatabase> OpenAsync(LedgerOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        var folder = options.Postgres is null ? options.Folder : null;
        LedgerDatabase? database = null;
        try
        {
            database = options.Postgres is { } postgres ? new(NpgsqlDataSource.Create(postgres)) : OpenSqlite(options.Folder);
            await using var session = await database.SessionAsync(cancellationToken);
            if (folder is not null)
            {
                await CheckAsync(session, folder, cancellationToken);
            }

            await Schema.CreateAsync(session, cancellationToken);
            if (database.Count is { } count && await count.CompareAsync(session, cancellationToken) is { } lost)
            {
                Log.Cut(logger, folder!, lost.Jobs, lost.Commits);
            }
        }
        catch (Exception e)
        {
            if (database is not null)
            {
                await database.DisposeAsync();
            }

            if (e is DbException or IOException or UnauthorizedAccessException)
            {
                throw LedgerTrouble.Of("opened", folder, e);
            }

            throw;
        }

        return database;
    }

    /// <summary>What a failure of this database means.</summary>
    /// <param name="doing">What could not be done, for example <c>read</c>.</param>
    /// <param name="failure">What happened.</param>
    public LedgerUnavailableException Trouble(string doing, Exception failure) => LedgerTrouble.Of(doing, _folder, failure);

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

        Count?.Dispose();
        if (_lock is not null)
        {
            await _lock.DisposeAsync();
        }
    }

    private static LedgerDatabase OpenSqlite(string folder)
    {
        PrivateFiles.OwnFolder(folder);

        // One process per file: two would both believe that they hold the leases.
        var @lock = PrivateFiles.Write(Path.Combine(folder, "ledger.lock"), FileMode.OpenOrCreate, FileShare.None);
        try
        {
            // SQLite gives its other files the database's mode.
            PrivateFiles.Write(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileShare.ReadWrite).Dispose();
            foreach (var file in (string[])[FileName, FileName + "-wal", FileName + "-shm", "ledger.lock", "ledger.count", "ledger.key"])
            {
                PrivateFiles.OwnFile(Path.Combine(folder, file));
            }

            return new(folder, @lock);
        }
        catch
        {
            @lock.Dispose();
            throw;
        }
    }

    private static async Task CheckAsync(LedgerSession session, string folder, CancellationToken cancellationToken)
    {
        if (new FileInfo(Path.Combine(folder, FileName)).Length > CheckedBytes)
        {
            return;
        }

        var said = await session.Command("PRAGMA quick_check(1)").FirstAsync(static r => r.GetString(0), cancellationToken);
        if (said is not ("ok" or null))
        {
            throw new LedgerUnavailableException(LedgerTrouble.Damaged(folder, said));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(3002, LogLevel.Error, "The ledger in '{Folder}' was cut: it has lost {Jobs} accepted jobs, and {Changes} transactions in all that were on disk. Jobs whose end is among them run again. Put back a copy of the folder if there is a newer one; this start goes on without them")]
        public static partial void Cut(ILogger logger, string folder, long jobs, long changes);
    }
}
