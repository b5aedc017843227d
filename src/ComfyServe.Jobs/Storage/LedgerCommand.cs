using System.Data;
using System.Data.Common;

namespace ComfyServe.Jobs.Storage;

/// <summary>A prepared statement with its parameters.</summary>
internal sealed class LedgerCommand(DbCommand command, Func<DbException, Exception>? trouble = null)
{
    /// <summary>Sets a text.</summary>
    public LedgerCommand With(string name, string? value) => Set(name, DbType.String, value);

    /// <summary>Sets a text unless it is null, for statements that only then name it.</summary>
    public LedgerCommand WithSome(string name, string? value) => value is null ? this : With(name, value);

    /// <summary>Sets a whole number.</summary>
    public LedgerCommand With(string name, long? value) => Set(name, DbType.Int64, value);

    /// <summary>Sets a number.</summary>
    public LedgerCommand WithReal(string name, double value) => Set(name, DbType.Double, value);

    /// <summary>Sets bytes.</summary>
    public LedgerCommand With(string name, byte[]? value) => Set(name, DbType.Binary, value);

    /// <summary>Runs it and tells how many rows it changed.</summary>
    public Task<int> ExecuteAsync(CancellationToken cancellationToken) => TryAsync(() => command.ExecuteNonQueryAsync(cancellationToken));

    /// <summary>The first row, or null.</summary>
    public Task<T?> FirstAsync<T>(Func<DbDataReader, T> read, CancellationToken cancellationToken)
        where T : class => TryAsync(async () =>
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? read(reader) : null;
    });

    /// <summary>Every row.</summary>
    public Task<List<T>> AllAsync<T>(Func<DbDataReader, T> read, CancellationToken cancellationToken) => TryAsync(async () =>
    {
        var rows = new List<T>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    });

    private async Task<T> TryAsync<T>(Func<Task<T>> run)
    {
        try
        {
            return await run();
        }
        catch (DbException e) when (trouble is not null)
        {
            throw trouble(e);
        }
    }

    private LedgerCommand Set(string name, DbType type, object? value)
    {
        DbParameter parameter;
        if (command.Parameters.Contains(name))
        {
            parameter = command.Parameters[name];
        }
        else
        {
            parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.DbType = type;
            command.Parameters.Add(parameter);
        }

        parameter.Value = value ?? DBNull.Value;
        return this;
    }
}
