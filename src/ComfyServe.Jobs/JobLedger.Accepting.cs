using ComfyServe.Jobs.Storage;

namespace ComfyServe.Jobs;

/// <content>Accepting jobs, once each, and forgetting them.</content>
public sealed partial class JobLedger
{
    /// <summary>Accepts a job, or says why not. When the task completes, the job is on disk.</summary>
    public Task<AcceptResult> AcceptAsync(NewJob job)
    {
        if (job.Owner is "")
        {
            throw new ArgumentException("an owner is named or null", nameof(job));
        }

        var payload = Seal(job.Payload, job.Key, PayloadPart);
        return _writer.RunAsync(session => AcceptAsync(session, job, payload));
    }

    /// <summary>Forgets finished jobs, their attempts, keys and delivered webhooks; jobs with webhooks still to be delivered stay.</summary>
    /// <param name="before">Forgets what finished earlier.</param>
    /// <param name="limit">At most so many jobs in this call.</param>
    /// <returns>How many jobs were forgotten.</returns>
    public Task<int> PruneAsync(DateTimeOffset before, int limit = 500) => _writer.RunAsync(session => PruneAsync(session, before.ToUnixTimeMilliseconds(), limit));

    private async Task<AcceptResult> AcceptAsync(LedgerSession session, NewJob job, byte[] payload)
    {
        var now = Now();
        if (job.IdempotencyKey is { } key && await ClaimKeyAsync(session, job, key, now) is { } earlier)
        {
            return new(earlier.Fingerprint == job.Fingerprint ? AcceptOutcome.Repeated : AcceptOutcome.KeyConflict, earlier.JobId, null);
        }

        if (job.ReplacesFinished)
        {
            await ReplaceAsync(session, job);
        }

        var leased = job.Holder is not null;
        var expires = leased ? now + (long)job.LeaseDuration.TotalMilliseconds : (long?)null;
        var inserted = await session.Command("""
                INSERT INTO jobs (owner, id, queue, state, running, priority, accepted, not_before, attempts, losses, max_attempts, epoch, holder, lease_expires, cost, fingerprint, payload)
                VALUES (@owner, @id, @queue, @state, 0, @priority, @now, @now, 0, 0, @max_attempts, @epoch, @holder, @expires, @cost, @fingerprint, @payload)
                ON CONFLICT (owner, id) DO NOTHING RETURNING seq
                """)
            .With("@owner", job.Key.OwnerText).With("@id", job.Id).With("@queue", job.Queue).With("@state", (long)(leased ? JobState.Leased : JobState.Waiting))
            .With("@priority", job.Priority).With("@now", now).With("@max_attempts", job.MaxAttempts).With("@epoch", leased ? 1 : 0).With("@holder", job.Holder)
            .With("@expires", expires).WithReal("@cost", job.Cost).With("@fingerprint", job.Fingerprint).With("@payload", payload)
            .FirstAsync(r => new Row(r.GetInt64(0), job.Key), default);
        if (inserted is null)
        {
            await ReleaseKeyAsync(session, job);
            return new(AcceptOutcome.IdTaken, job.Id, null);
        }

        return new(AcceptOutcome.Accepted, job.Id, !leased ? null : new()
        {
            Seq = inserted.Seq,
            Key = job.Key,
            Queue = job.Queue,
            Holder = job.Holder!,
            Epoch = 1,
            Attempt = 1,
            Expires = DateTimeOffset.FromUnixTimeMilliseconds(expires!.Value),
            Payload = job.Payload,
            Accepted = DateTimeOffset.FromUnixTimeMilliseconds(now),
            Cost = job.Cost,
            Fingerprint = job.Fingerprint,
        });
    }

    private static async Task<Key?> ClaimKeyAsync(LedgerSession session, NewJob job, string key, long now)
    {
        var claimed = await session.Command("""
                INSERT INTO idempotency (queue, owner, idempotency_key, job_id, fingerprint, created) VALUES (@queue, @owner, @key, @id, @fingerprint, @now)
                ON CONFLICT (queue, owner, idempotency_key) DO NOTHING
                """)
            .With("@queue", job.Queue).With("@owner", job.Key.OwnerText).With("@key", key).With("@id", job.Id).With("@fingerprint", job.Fingerprint)
            .With("@now", now).ExecuteAsync(default);
        return claimed > 0 ? null : await FindKeyAsync(session, job.Queue, job.Owner, key, default);
    }

    private static async Task ReleaseKeyAsync(LedgerSession session, NewJob job)
    {
        if (job.IdempotencyKey is { } key)
        {
            await session.Command("DELETE FROM idempotency WHERE queue = @queue AND owner = @owner AND idempotency_key = @key AND job_id = @id")
                .With("@queue", job.Queue).With("@owner", job.Key.OwnerText).With("@key", key).With("@id", job.Id).ExecuteAsync(default);
        }
    }

    /// <summary>A finished job makes room for another one of its owner. Keys that stood for it stand for nothing, except the one that the new job brings.</summary>
    private static async Task ReplaceAsync(LedgerSession session, NewJob job)
    {
        var replaced = await session.Command("DELETE FROM jobs WHERE owner = @owner AND id = @id AND state >= 2 RETURNING seq")
            .With("@owner", job.Key.OwnerText).With("@id", job.Id).FirstAsync(r => new Row(r.GetInt64(0), job.Key), default);
        if (replaced is not null)
        {
            await ForgetAsync(session, replaced, job.IdempotencyKey);
        }
    }

    /// <summary>What belongs to a job that is no more. Webhooks that are still to be delivered are, and go when they are through.</summary>
    private static async Task ForgetAsync(LedgerSession session, Row row, string? keptKey)
    {
        await session.Command("DELETE FROM attempts WHERE job_seq = @seq").With("@seq", row.Seq).ExecuteAsync(default);
        await session.Command("DELETE FROM idempotency WHERE owner = @owner AND job_id = @id AND idempotency_key <> @kept")
            .With("@owner", row.Key.OwnerText).With("@id", row.Key.Id).With("@kept", keptKey ?? "").ExecuteAsync(default);
        await session.Command("DELETE FROM delivery_log WHERE delivery_id IN (SELECT id FROM deliveries WHERE job_seq = @seq AND state <> 0)").With("@seq", row.Seq).ExecuteAsync(default);
        await session.Command("DELETE FROM deliveries WHERE job_seq = @seq AND state <> 0").With("@seq", row.Seq).ExecuteAsync(default);
    }

    private static async Task<int> PruneAsync(LedgerSession session, long before, int limit)
    {
        var old = await session.Command("""
                SELECT seq, owner, id FROM jobs WHERE state >= 2 AND finished < @before
                AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.job_seq = jobs.seq AND deliveries.state = 0) ORDER BY finished LIMIT @limit
                """)
            .With("@before", before).With("@limit", limit).AllAsync(static r => new Row(r.GetInt64(0), new(Owner(r, 1), r.GetString(2))), default);
        foreach (var row in old)
        {
            if (await session.Command("DELETE FROM jobs WHERE seq = @seq AND state >= 2").With("@seq", row.Seq).ExecuteAsync(default) > 0)
            {
                await ForgetAsync(session, row, keptKey: null);
            }
        }

        return old.Count;
    }
}
