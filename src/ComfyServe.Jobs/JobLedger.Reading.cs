using System.Data.Common;
using ComfyServe.Jobs.Storage;

namespace ComfyServe.Jobs;

/// <content>Looking at what there is.</content>
public sealed partial class JobLedger
{
    /// <summary>A job with its payload and result, or null.</summary>
    public async Task<JobRecord?> FindAsync(JobKey key, CancellationToken cancellationToken = default)
    {
        await using var session = await ReadAsync(cancellationToken);
        var found = await session.Command($"SELECT {RecordColumns}, payload, result FROM jobs WHERE owner = @owner AND id = @id")
            .With("@owner", key.OwnerText).With("@id", key.Id).FirstAsync(ReadWhole, cancellationToken);
        return found is null ? null : OpenWhole(found);
    }

    /// <summary>The job that an owner's idempotency key stands for, and the fingerprint of its request; null when the key is new.</summary>
    public async Task<(string JobId, string? Fingerprint)?> FindKeyAsync(string queue, string? owner, string key, CancellationToken cancellationToken = default)
    {
        await using var session = await ReadAsync(cancellationToken);
        var found = await FindKeyAsync(session, queue, owner, key, cancellationToken);
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
            + (filter.After is null ? "" : " AND seq < (SELECT seq FROM jobs WHERE owner = @after_owner AND id = @after_id)")
            + " ORDER BY seq DESC LIMIT @limit";
        var command = session.Command(sql).With("@limit", Math.Clamp(filter.Limit, 1, 1000)).WithSome("@queue", filter.Queue).WithSome("@owner", filter.Owner);
        if (filter.After is { } after)
        {
            command.With("@after_owner", after.OwnerText).With("@after_id", after.Id);
        }

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

    /// <summary>The runs that a job has had.</summary>
    public async Task<IReadOnlyList<JobAttempt>> AttemptsAsync(JobKey job, CancellationToken cancellationToken = default)
    {
        await using var session = await ReadAsync(cancellationToken);
        return await session.Command($"SELECT attempt, holder, started, ended, outcome, note FROM attempts WHERE {OfJob} ORDER BY attempt")
            .With("@owner", job.OwnerText).With("@id", job.Id)
            .AllAsync(static r => new JobAttempt((int)r.GetInt64(0), r.GetString(1), Time(r, 2)!.Value, Time(r, 3), Text(r, 4), Text(r, 5)), cancellationToken);
    }

    private static Task<Key?> FindKeyAsync(LedgerSession session, string queue, string? owner, string key, CancellationToken cancellationToken) =>
        session.Command("SELECT job_id, fingerprint FROM idempotency WHERE queue = @queue AND owner = @owner AND idempotency_key = @key")
            .With("@queue", queue).With("@owner", owner ?? "").With("@key", key).FirstAsync(static r => new Key(r.GetString(0), Text(r, 1)), cancellationToken);

    private static (string Queue, JobState State, int Count, double Cost, DateTimeOffset? Oldest) ReadCount(DbDataReader row) =>
        (row.GetString(0), (JobState)row.GetInt32(1), (int)row.GetInt64(2), row.GetDouble(3), Time(row, 4));

    private static JobCounts Counts(List<(string Queue, JobState State, int Count, double Cost, DateTimeOffset? Oldest)> rows)
    {
        var waiting = rows.Find(static r => r.State == JobState.Waiting);
        var leased = rows.Find(static r => r.State == JobState.Leased);
        return new(waiting.Count, leased.Count, waiting.Cost, leased.Cost, waiting.Count > 0 ? waiting.Oldest : null);
    }

    private sealed record Key(string JobId, string? Fingerprint);
}
