using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ComfyServe.Gateway.Storage;

/// <summary>Opens connections to SQLite (one machine) or PostgreSQL (a cluster); the SQL above is common to both.</summary>
internal sealed class GatewayDatabase : IAsyncDisposable
{
    private readonly string? _sqlite;
    private readonly NpgsqlDataSource? _postgres;

    private GatewayDatabase(string? sqlite, NpgsqlDataSource? postgres)
    {
        _sqlite = sqlite;
        _postgres = postgres;
    }

    /// <summary>Whether several gateways can share it.</summary>
    public bool IsShared => _postgres is not null;

    /// <summary>A file of this machine.</summary>
    public static GatewayDatabase File(string path) => new(
        new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWriteCreate, DefaultTimeout = 10 }.ToString(), null);

    /// <summary>A PostgreSQL server.</summary>
    public static GatewayDatabase Server(string connectionString) => new(null, NpgsqlDataSource.Create(connectionString));

    /// <summary>An open connection.</summary>
    public async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        if (_postgres is not null)
        {
            return await _postgres.OpenConnectionAsync(cancellationToken);
        }

        var connection = new SqliteConnection(_sqlite);
        await connection.OpenAsync(cancellationToken);
        await using var setup = connection.CreateCommand();
        setup.CommandText = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000";
        await setup.ExecuteNonQueryAsync(cancellationToken);
        return connection;
    }

    /// <summary>An open connection, for callers that cannot wait: data protection reads and writes its keys while others block on them.</summary>
    public DbConnection Open()
    {
        if (_postgres is not null)
        {
            return _postgres.OpenConnection();
        }

        var connection = new SqliteConnection(_sqlite);
        connection.Open();
        return connection;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }
        else
        {
            using var connection = new SqliteConnection(_sqlite);
            SqliteConnection.ClearPool(connection);
        }
    }
}
