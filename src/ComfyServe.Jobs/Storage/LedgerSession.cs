using System.Data.Common;

namespace ComfyServe.Jobs.Storage;

/// <summary>One connection with its prepared statements. Used by one task at a time.</summary>
internal sealed class LedgerSession(DbConnection connection, bool isPostgres) : IAsyncDisposable
{
    private readonly Dictionary<string, DbCommand> _commands = new(StringComparer.Ordinal);
    private DbTransaction? _transaction;

    /// <summary>Whether it speaks PostgreSQL.</summary>
    public bool IsPostgres { get; } = isPostgres;

    /// <summary>Makes another exception of the database's; null leaves that to the session's user.</summary>
    public Func<DbException, Exception>? Trouble { get; set; }

    /// <summary>A statement; SQL is the same in both dialects except where <see cref="IsPostgres"/> decides.</summary>
    public LedgerCommand Command(string sql)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            _commands[sql] = command;
        }

        command.Transaction = _transaction;
        return new(command, Trouble);
    }

    /// <summary>Begins a transaction that writes.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken) =>
        _transaction = await connection.BeginTransactionAsync(cancellationToken);

    /// <summary>Commits; when it returns, everything is on disk.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await _transaction!.CommitAsync(cancellationToken);
        await _transaction.DisposeAsync();
        _transaction = null;
    }

    /// <summary>Undoes what was not committed.</summary>
    public async Task RollbackAsync()
    {
        if (_transaction is not null)
        {
            await _transaction.DisposeAsync();
            _transaction = null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var command in _commands.Values)
        {
            await command.DisposeAsync();
        }

        await connection.DisposeAsync();
    }
}
