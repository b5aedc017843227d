using System.Data.Common;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Jobs.Storage;

/// <summary>
/// Writes changes in groups: whatever arrived while the last commit was being flushed goes into the next transaction, so that
/// one flush serves many callers. A caller goes on when its change is on disk.
/// </summary>
internal sealed partial class LedgerWriter : IAsyncDisposable
{
    private const int MostTries = 8;
    private readonly LedgerDatabase _database;
    private readonly Channel<LedgerChange> _changes;
    private readonly int _maxBatch;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _writing;

    public LedgerWriter(LedgerDatabase database, LedgerOptions options, ILogger logger)
    {
        _database = database;
        _maxBatch = options.MaxBatch;
        _logger = logger;
        _changes = Channel.CreateBounded<LedgerChange>(new BoundedChannelOptions(options.MaxPending));
        var writers = database.IsPostgres ? options.PostgresWriters : 1;
        _writing = Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(WriteAsync)));
    }

    /// <summary>Changes that wait to be written.</summary>
    public int Pending => _changes.Reader.Count;

    /// <summary>Makes a change; completes when it is on disk. Throws <see cref="LedgerUnavailableException"/>.</summary>
    /// <param name="work">Runs inside a transaction, perhaps more than once.</param>
    public Task<T> RunAsync<T>(Func<LedgerSession, Task<T>> work)
    {
        var change = new LedgerChange<T>(work);
        return _changes.Writer.TryWrite(change)
            ? change.Done
            : Task.FromException<T>(new LedgerUnavailableException(_stopping.IsCancellationRequested ? "the ledger is closed" : "too many changes are waiting to be written"));
    }

    /// <summary>Writes what waits, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        _changes.Writer.TryComplete();
        await _writing;
        _stopping.Dispose();
    }

    private async Task WriteAsync()
    {
        LedgerSession? session = null;
        var batch = new List<LedgerChange>(_maxBatch);
        while (await _changes.Reader.WaitToReadAsync())
        {
            while (batch.Count < _maxBatch && _changes.Reader.TryRead(out var change))
            {
                batch.Add(change);
            }

            if (batch.Count == 0)
            {
                continue; // Another writer was faster.
            }

            session = await WriteAsync(session, batch);
            batch.Clear();
        }

        if (session is not null)
        {
            await session.DisposeAsync();
        }
    }

    /// <summary>Writes a batch; returns the session to use next, or null when it broke.</summary>
    private async Task<LedgerSession?> WriteAsync(LedgerSession? session, List<LedgerChange> batch)
    {
        try
        {
            session ??= await _database.SessionAsync(_stopping.Token);
            var failure = await TryWriteAsync(session, batch);
            for (var tries = 1; batch.Count == 1 && IsClash(failure) && tries < MostTries; tries++)
            {
                failure = await TryWriteAsync(session, batch);
            }

            if (failure is null)
            {
                return session;
            }

            if (batch.Count == 1)
            {
                batch[0].Fail(Translate(failure));
                return await ReplaceAsync(session, failure);
            }

            // One change spoils the batch for all: each on its own, so that only that one fails.
            foreach (var change in batch)
            {
                session = await WriteAsync(session, [change]);
            }

            return session;
        }
        catch (Exception e) when (e is DbException or IOException or TimeoutException)
        {
            foreach (var change in batch)
            {
                change.Fail(Translate(e));
            }

            return await ReplaceAsync(session, e);
        }
    }

    private async Task<LedgerSession?> ReplaceAsync(LedgerSession? session, Exception failure)
    {
        Log.Failed(_logger, failure.Message);
        if (session is not null)
        {
            await session.DisposeAsync();
        }

        return null;
    }

    private async Task<Exception?> TryWriteAsync(LedgerSession session, List<LedgerChange> batch)
    {
        try
        {
            await session.BeginAsync(_stopping.Token);
            foreach (var change in batch)
            {
                await change.ApplyAsync(session);
            }

            var counts = _database.Count is null ? null : await LedgerCount.NextAsync(session, _stopping.Token);
            await session.CommitAsync(_stopping.Token);
            if (counts is not null)
            {
                _database.Count!.Write(counts);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            try
            {
                await session.RollbackAsync();
            }
            catch (Exception r) when (r is DbException or InvalidOperationException)
            {
                return e; // The connection is gone, and the transaction with it.
            }

            return e;
        }

        foreach (var change in batch)
        {
            change.Complete();
        }

        return null;
    }

    /// <summary>Whether the database gave this transaction up for another one's sake (deadlock, serialisation): it is undone and may be tried again.</summary>
    private static bool IsClash(Exception? failure) => failure is DbException { SqlState: "40P01" or "40001" };

    private Exception Translate(Exception e) => e is DbException or IOException or TimeoutException ? _database.Trouble("written", e) : e;

    private static partial class Log
    {
        [LoggerMessage(3001, LogLevel.Error, "The ledger could not write: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
