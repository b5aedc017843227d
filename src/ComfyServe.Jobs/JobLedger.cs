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
        var database = await LedgerDatabase.OpenAsync(options, cancellationToken);
        var sealer = options.Key is { } key ? new Sealer(key.Span) : Sealer.FromFile(Path.Combine(options.Folder, "ledger.key"));
        try
        {
            await CheckKeyAsync(database, sealer, cancellationToken);
        }
        catch (Exception e)
        {
            sealer.Dispose();
            await database.DisposeAsync();
            if (e is DbException)
            {
                throw new LedgerUnavailableException($"the ledger cannot be opened: {e.Message}", e);
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

    /// <summary>Accepts a job, or says why not. When the task completes, the job is on disk.</summary>
    public Task<AcceptResult> AcceptAsync(NewJob job)
    {
        var payload = _sealer.Seal(job.Payload.Span, PayloadOf(job.Id));
        return _writer.RunAsync(session => AcceptAsync(session, job, payload));
    }

    /// <summary>A job with its payload and result, or null.</summary>
    public async Task<JobRecord?> FindAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var session = await ReadAsync(cancellationToken);
        var found = await session.Command($"SELECT {RecordColumns}, payload, result FROM jobs WHERE id = @id").With("@id", id)
            .FirstAsync(r => ReadRecord(r) with { Payload = Bytes(r, 17), Result = Bytes(r, 18) }, cancellationToken);
        return found is null ? null : found with
        {
            Payload = _sealer.Open(found.Payload.Span, PayloadOf(id)),
            Result = found.Result.IsEmpty ? default(ReadOnlyMemory<byte>) : _sealer.Open(found.Result.Span, ResultOf(id)),
        };
    }

    /// <summary>The job that an idempotency key stands for, and the fingerprint of its request; null when the key is new.</summary>
    public async Task<(string JobId, string? Fingerprint)?> FindKeyAsync(string queue, string key, CancellationToken cancellationToken = default)
    {
        await using var session = await ReadAsync(cancellationToken);
        var found = await FindKeyAsync(session, queue, key, cancellationToken);
        return found is null ? null : (found.JobId, found.Fingerprint);
    }

    /// <summary>Jobs, newest first, without payloads and results.</summary>
    public async Task<IReadOnlyList<JobRecord>> ListAsync(JobFilter filter, CancellationToken cancellationToken = default)
    {
        await using var session = await ReadAsync(cancellationToken);
        var sql = $"SELECT {RecordColumns} FROM jobs WHERE 1 = 1"
            + (filter.Queue is null ? "" : " AND queue = @queue")
            + (filter.State is null ? "" : " AND state = @state")
            + (filter.Owner is null ? "" : " AND owner = @owner")
            + (filter.After is null ? "" : " AND seq < (SELECT seq FROM jobs WHERE id = @after)")
            + " ORDER BY seq DESC LIMIT @limit";
        var command = session.Command(sql).With("@limit", Math.Clamp(filter.Limit, 1, 1000))
            .WithSome("@queue", filter.Queue).WithSome("@owner", filter.Owner).WithSome("@after", filter.After);
        if (filter.State is { } state)
        {
            command.With("@state", (long)state);
        }

        return await command.AllAsync(ReadRecord, cancellationToken);
    }

    /// <summary>How many jobs of a queue wait and are worked on.</summary>
    public async Task<JobCounts> CountAsync(string queue, CancellationToken cancellationToken = default)
    {
        await using var session = await ReadAsync(cancellationToken);
        var rows = await session.Command("SELECT queue, state, COUNT(*), SUM(cost), MIN(accepted) FROM jobs WHERE queue = @queue AND state < 2 GROUP BY queue, state").With("@queue", queue)
            .AllAsync(ReadCount, cancellationToken);
        return Counts(rows);
    }

    /// <summary>The same for all queues that have such jobs, in one query.</summary>
    public async Task<IReadOnlyDictionary<string, JobCounts>> CountAllAsync(CancellationToken cancellationToken = default)
    {
        await using var session = await ReadAsync(cancellationToken);

        // Each half has an index of its own, which holds no job that has ended.
        const string Waiting = "SELECT queue, state, COUNT(*), SUM(cost), MIN(accepted) FROM jobs WHERE state = 0 GROUP BY queue, state";
        var rows = await session.Command($"{Waiting} UNION ALL {Waiting.Replace("state = 0", "state = 1", StringComparison.Ordinal)}").AllAsync(ReadCount, cancellationToken);
        return rows.GroupBy(static r => r.Queue, StringComparer.Ordinal).ToDictionary(static q => q.Key, static q => Counts([.. q]), StringComparer.Ordinal);
    }

    /// <summary>The leases that a job has had.</summary>
    public async Task<IReadOnlyList<JobAttempt>> AttemptsAsync(string jobId, CancellationToken cancellationToken = default)
    {
        await using var session = await ReadAsync(cancellationToken);
        return await session.Command("SELECT attempt, holder, started, ended, outcome, note FROM attempts WHERE job_id = @id ORDER BY attempt").With("@id", jobId)
            .AllAsync(static r => new JobAttempt((int)r.GetInt64(0), r.GetString(1), Time(r, 2)!.Value, Time(r, 3), Text(r, 4), Text(r, 5)), cancellationToken);
    }

    /// <summary>Forgets finished jobs, their attempts, keys and delivered webhooks; jobs with webhooks still to be delivered stay.</summary>
    /// <param name="before">Forgets what finished earlier.</param>
    /// <param name="limit">At most so many jobs in this call.</param>
    /// <returns>How many jobs were forgotten.</returns>
    public Task<int> PruneAsync(DateTimeOffset before, int limit = 500) => _writer.RunAsync(session => PruneAsync(session, before.ToUnixTimeMilliseconds(), limit));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        await _database.DisposeAsync();
        _sealer.Dispose();
    }

    private static (string Queue, JobState State, int Count, double Cost, DateTimeOffset? Oldest) ReadCount(DbDataReader row) =>
        (row.GetString(0), (JobState)row.GetInt32(1), (int)row.GetInt64(2), row.GetDouble(3), Time(row, 4));

    private static JobCounts Counts(List<(string Queue, JobState State, int Count, double Cost, DateTimeOffset? Oldest)> rows)
    {
        var waiting = rows.Find(static r => r.State == JobState.Waiting);
        var leased = rows.Find(static r => r.State == JobState.Leased);
        return new(waiting.Count, leased.Count, waiting.Cost, leased.Cost, waiting.Count > 0 ? waiting.Oldest : null);
    }

    private async Task<AcceptResult> AcceptAsync(LedgerSession session, NewJob job, byte[] payload)
    {
        var now = Now();
        if (job.IdempotencyKey is { } key && await ClaimKeyAsync(session, job, key, now) is { } earlier)
        {
            return new(earlier.Fingerprint == job.Fingerprint ? AcceptOutcome.Repeated : AcceptOutcome.KeyConflict, earlier.JobId, null);
        }

        if (job.ReplacesFinished)
        {
            await ForgetAsync(session, "DELETE FROM jobs WHERE id = @id AND state >= 2", job.Id);
        }

        var leased = job.Holder is not null;
        var expires = leased ? now + (long)job.LeaseDuration.TotalMilliseconds : (long?)null;
        var inserted = await session.Command("""
                INSERT INTO jobs (id, queue, state, priority, accepted, not_before, attempts, max_attempts, epoch, holder, lease_expires, cost, owner, fingerprint, payload)
                VALUES (@id, @queue, @state, @priority, @now, @now, @attempts, @max_attempts, @attempts, @holder, @expires, @cost, @owner, @fingerprint, @payload)
                ON CONFLICT (id) DO NOTHING
                """)
            .With("@id", job.Id).With("@queue", job.Queue).With("@state", (long)(leased ? JobState.Leased : JobState.Waiting)).With("@priority", job.Priority)
            .With("@now", now).With("@attempts", leased ? 1 : 0).With("@max_attempts", job.MaxAttempts).With("@holder", job.Holder).With("@expires", expires)
            .WithReal("@cost", job.Cost).With("@owner", job.Owner).With("@fingerprint", job.Fingerprint).With("@payload", payload)
            .ExecuteAsync(default);
        if (inserted == 0)
        {
            await ReleaseKeyAsync(session, job);
            return new(AcceptOutcome.IdTaken, job.Id, null);
        }

        if (!leased)
        {
            return new(AcceptOutcome.Accepted, job.Id, null);
        }

        await BeginAttemptAsync(session, job.Id, 1, job.Holder!, now);
        return new(AcceptOutcome.Accepted, job.Id, new()
        {
            JobId = job.Id,
            Queue = job.Queue,
            Holder = job.Holder!,
            Epoch = 1,
            Attempt = 1,
            Expires = DateTimeOffset.FromUnixTimeMilliseconds(expires!.Value),
            Payload = job.Payload,
            Accepted = DateTimeOffset.FromUnixTimeMilliseconds(now),
            Cost = job.Cost,
        });
    }

    private static async Task<Key?> ClaimKeyAsync(LedgerSession session, NewJob job, string key, long now)
    {
        var claimed = await session.Command("""
                INSERT INTO idempotency (queue, idempotency_key, job_id, fingerprint, created) VALUES (@queue, @key, @id, @fingerprint, @now)
                ON CONFLICT (queue, idempotency_key) DO NOTHING
                """)
            .With("@queue", job.Queue).With("@key", key).With("@id", job.Id).With("@fingerprint", job.Fingerprint).With("@now", now).ExecuteAsync(default);
        return claimed > 0 ? null : await FindKeyAsync(session, job.Queue, key, default);
    }

    private static async Task ReleaseKeyAsync(LedgerSession session, NewJob job)
    {
        if (job.IdempotencyKey is { } key)
        {
            await session.Command("DELETE FROM idempotency WHERE queue = @queue AND idempotency_key = @key AND job_id = @id")
                .With("@queue", job.Queue).With("@key", key).With("@id", job.Id).ExecuteAsync(default);
        }
    }

    private static Task<Key?> FindKeyAsync(LedgerSession session, string queue, string key, CancellationToken cancellationToken) =>
        session.Command("SELECT job_id, fingerprint FROM idempotency WHERE queue = @queue AND idempotency_key = @key")
            .With("@queue", queue).With("@key", key).FirstAsync(static r => new Key(r.GetString(0), Text(r, 1)), cancellationToken);

    private static async Task ForgetAsync(LedgerSession session, string delete, string id)
    {
        if (await session.Command(delete).With("@id", id).ExecuteAsync(default) > 0)
        {
            await session.Command("DELETE FROM attempts WHERE job_id = @id").With("@id", id).ExecuteAsync(default);
            await session.Command("DELETE FROM idempotency WHERE job_id = @id").With("@id", id).ExecuteAsync(default);
        }
    }

    private static async Task<int> PruneAsync(LedgerSession session, long before, int limit)
    {
        var ids = await session.Command("""
                SELECT id FROM jobs WHERE state >= 2 AND finished < @before
                AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.job_id = jobs.id AND deliveries.state = 0) ORDER BY finished LIMIT @limit
                """)
            .With("@before", before).With("@limit", limit).AllAsync(static r => r.GetString(0), default);
        foreach (var id in ids)
        {
            await ForgetAsync(session, "DELETE FROM jobs WHERE id = @id AND state >= 2", id);
            await session.Command("DELETE FROM delivery_log WHERE delivery_id IN (SELECT id FROM deliveries WHERE job_id = @id)").With("@id", id).ExecuteAsync(default);
            await session.Command("DELETE FROM deliveries WHERE job_id = @id").With("@id", id).ExecuteAsync(default);
        }

        return ids.Count;
    }

    private async Task<LedgerSession> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _database.SessionAsync(cancellationToken);
        }
        catch (DbException e)
        {
            throw new LedgerUnavailableException($"the ledger cannot be read: {e.Message}", e);
        }
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private static string PayloadOf(string id) => $"job/{id}/payload";

    private static string ResultOf(string id) => $"job/{id}/result";

    private sealed record Key(string JobId, string? Fingerprint);
}
