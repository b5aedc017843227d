using ComfyServe.Jobs.Storage;

namespace ComfyServe.Jobs;

/// <content>Leases.</content>
public sealed partial class JobLedger
{
    /// <summary>Leases the next waiting job of a queue: by priority, then in order of acceptance; null when none waits.</summary>
    public async Task<JobLease?> LeaseAsync(string queue, string holder, TimeSpan duration)
    {
        var lease = await _writer.RunAsync(session => LeaseAsync(session, queue, holder, duration));
        return lease is null ? null : lease with { Payload = _sealer.Open(lease.Payload.Span, PayloadOf(lease.JobId)) };
    }

    /// <summary>Extends a lease; false when it was lost.</summary>
    public Task<bool> RenewAsync(JobLease lease, TimeSpan duration) => _writer.RunAsync(async session =>
        await session.Command("UPDATE jobs SET lease_expires = @expires WHERE id = @id AND epoch = @epoch AND state = 1")
            .With("@expires", Now() + (long)duration.TotalMilliseconds).With("@id", lease.JobId).With("@epoch", lease.Epoch).ExecuteAsync(default) > 0);

    /// <summary>Extends every lease of a holder; returns how many it has.</summary>
    public Task<int> RenewAllAsync(string holder, TimeSpan duration) => _writer.RunAsync(session =>
        session.Command("UPDATE jobs SET lease_expires = @expires WHERE holder = @holder AND state = 1")
            .With("@expires", Now() + (long)duration.TotalMilliseconds).With("@holder", holder).ExecuteAsync(default));

    /// <summary>Notes something about the current attempt that the next holder must know; false when the lease was lost.</summary>
    public Task<bool> NoteAsync(JobLease lease, string note) => _writer.RunAsync(async session =>
    {
        var noted = await session.Command("UPDATE jobs SET note = @note WHERE id = @id AND epoch = @epoch AND state = 1")
            .With("@note", note).With("@id", lease.JobId).With("@epoch", lease.Epoch).ExecuteAsync(default) > 0;
        if (noted)
        {
            await session.Command("UPDATE attempts SET note = @note WHERE job_id = @id AND attempt = @attempt")
                .With("@note", note).With("@id", lease.JobId).With("@attempt", lease.Attempt).ExecuteAsync(default);
        }

        return noted;
    });

    /// <summary>Gives a job back to wait for another attempt, or ends it when it has been tried as often as allowed.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="notBefore">When it may be leased again.</param>
    /// <param name="errorCode">Why this attempt failed.</param>
    /// <param name="message">The same for people.</param>
    /// <param name="whenExhausted">How it ends instead of waiting a last time.</param>
    /// <returns><see cref="FinishOutcome.Done"/> in both cases.</returns>
    public Task<FinishOutcome> ReleaseAsync(JobLease lease, DateTimeOffset notBefore, string errorCode, string message, JobEnding whenExhausted)
    {
        var ending = Seal(lease.JobId, whenExhausted);
        return _writer.RunAsync(async session =>
        {
            var released = await session.Command("""
                    UPDATE jobs SET state = 0, holder = NULL, lease_expires = NULL, not_before = @not_before, error_code = @code, message = @message
                    WHERE id = @id AND epoch = @epoch AND state = 1 AND attempts < max_attempts
                    """)
                .With("@not_before", notBefore.ToUnixTimeMilliseconds()).With("@code", errorCode).With("@message", message)
                .With("@id", lease.JobId).With("@epoch", lease.Epoch).ExecuteAsync(default);
            if (released > 0)
            {
                await EndAttemptAsync(session, lease.JobId, "released");
                return FinishOutcome.Done;
            }

            return await FinishAsync(session, lease.JobId, lease.Epoch, ending);
        });
    }

    /// <summary>Takes back leases whose holder is gone: expired ones, or all of one holder. Their jobs wait again, or end when they have been tried as often as allowed.</summary>
    /// <param name="holder">A holder that is known to be gone; null takes back what has expired.</param>
    /// <param name="whenExhausted">How a job ends instead of waiting again; called inside the transaction, and again when that is tried again: it must have no effects.</param>
    /// <returns>The jobs concerned, as they were.</returns>
    public Task<IReadOnlyList<JobRecord>> ReclaimAsync(string? holder, Func<JobRecord, JobEnding> whenExhausted) => _writer.RunAsync<IReadOnlyList<JobRecord>>(async session =>
    {
        var now = Now();
        var filter = holder is null ? "lease_expires < @now" : "holder = @holder";

        // Whoever has a row at the moment ends it or takes it back; an expired one that stays is found the next time.
        var rows = !session.IsPostgres ? "" : holder is null ? " FOR UPDATE SKIP LOCKED" : " FOR UPDATE";
        var command = session.Command($"SELECT {RecordColumns}, payload FROM jobs WHERE state = 1 AND {filter} ORDER BY seq LIMIT 1000{rows}").WithSome("@holder", holder);
        if (holder is null)
        {
            command.With("@now", now);
        }

        var lost = await command.AllAsync(r => ReadRecord(r) with { Payload = Bytes(r, 17) }, default);
        foreach (var job in lost)
        {
            if (job.Attempts < job.MaxAttempts)
            {
                await session.Command("UPDATE jobs SET state = 0, holder = NULL, lease_expires = NULL, not_before = @now WHERE id = @id AND epoch = @epoch AND state = 1")
                    .With("@now", now).With("@id", job.Id).With("@epoch", job.Epoch).ExecuteAsync(default);
                await EndAttemptAsync(session, job.Id, "lost");
            }
            else
            {
                var opened = job with { Payload = _sealer.Open(job.Payload.Span, PayloadOf(job.Id)) };
                await FinishAsync(session, job.Id, job.Epoch, Seal(job.Id, whenExhausted(opened)));
            }
        }

        return lost;
    });

    private async Task<JobLease?> LeaseAsync(LedgerSession session, string queue, string holder, TimeSpan duration)
    {
        var now = Now();
        var expires = now + (long)duration.TotalMilliseconds;
        var skip = session.IsPostgres ? " FOR UPDATE SKIP LOCKED" : "";
        var lease = await session.Command($"""
                UPDATE jobs SET state = 1, holder = @holder, lease_expires = @expires, epoch = epoch + 1, attempts = attempts + 1
                WHERE seq = (SELECT seq FROM jobs WHERE queue = @queue AND state = 0 AND not_before <= @now ORDER BY priority DESC, seq LIMIT 1{skip})
                RETURNING id, epoch, attempts, accepted, cost, note, payload
                """)
            .With("@holder", holder).With("@expires", expires).With("@queue", queue).With("@now", now)
            .FirstAsync(
                r => new JobLease
                {
                    JobId = r.GetString(0),
                    Queue = queue,
                    Holder = holder,
                    Epoch = r.GetInt64(1),
                    Attempt = (int)r.GetInt64(2),
                    Accepted = Time(r, 3)!.Value,
                    Cost = r.GetDouble(4),
                    Note = Text(r, 5),
                    Payload = Bytes(r, 6),
                    Expires = DateTimeOffset.FromUnixTimeMilliseconds(expires),
                },
                default);
        if (lease is not null)
        {
            await BeginAttemptAsync(session, lease.JobId, lease.Attempt, holder, now);
        }

        return lease;
    }

    private static Task<int> BeginAttemptAsync(LedgerSession session, string jobId, int attempt, string holder, long now) =>
        session.Command("INSERT INTO attempts (job_id, attempt, holder, started) VALUES (@id, @attempt, @holder, @now)")
            .With("@id", jobId).With("@attempt", attempt).With("@holder", holder).With("@now", now).ExecuteAsync(default);

    private Task<int> EndAttemptAsync(LedgerSession session, string jobId, string outcome) =>
        session.Command("UPDATE attempts SET ended = @now, outcome = @outcome WHERE job_id = @id AND ended IS NULL")
            .With("@now", Now()).With("@outcome", outcome).With("@id", jobId).ExecuteAsync(default);
}
