using ComfyServe.Jobs.Storage;

namespace ComfyServe.Jobs;

/// <content>Leases.</content>
public sealed partial class JobLedger
{
    /// <summary>Leases the next waiting job of a queue: by priority, then in order of acceptance; null when none waits.</summary>
    public async Task<JobLease?> LeaseAsync(string queue, string holder, TimeSpan duration)
    {
        var lease = await _writer.RunAsync(session => LeaseAsync(session, queue, holder, duration));
        return lease is null ? null : lease with { Payload = Open(lease.Payload, lease.Key, PayloadPart) };
    }

    /// <summary>Extends a lease; false when it was lost.</summary>
    public Task<bool> RenewAsync(JobLease lease, TimeSpan duration) => _writer.RunAsync(async session =>
        await session.Command("UPDATE jobs SET lease_expires = @expires WHERE seq = @seq AND epoch = @epoch AND state = 1")
            .With("@expires", Now() + (long)duration.TotalMilliseconds).With("@seq", lease.Seq).With("@epoch", lease.Epoch).ExecuteAsync(default) > 0);

    /// <summary>Extends every lease of a holder; returns how many it has.</summary>
    public Task<int> RenewAllAsync(string holder, TimeSpan duration) => _writer.RunAsync(session =>
        session.Command("UPDATE jobs SET lease_expires = @expires WHERE holder = @holder AND state = 1")
            .With("@expires", Now() + (long)duration.TotalMilliseconds).With("@holder", holder).ExecuteAsync(default));

    /// <summary>Gives a job back to wait for another run, or ends it when as many have begun as allowed.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="notBefore">When it may be leased again.</param>
    /// <param name="errorCode">Why this run failed.</param>
    /// <param name="message">The same for people.</param>
    /// <param name="whenExhausted">How it ends instead of waiting a last time.</param>
    /// <returns><see cref="FinishOutcome.Done"/> in both cases.</returns>
    public Task<FinishOutcome> ReleaseAsync(JobLease lease, DateTimeOffset notBefore, string errorCode, string message, JobEnding whenExhausted)
    {
        var ending = Seal(lease.Key, whenExhausted);
        return _writer.RunAsync(async session =>
        {
            var released = await session.Command("""
                    UPDATE jobs SET state = 0, running = 0, holder = NULL, lease_expires = NULL, not_before = @not_before, error_code = @code, message = @message
                    WHERE seq = @seq AND epoch = @epoch AND state = 1 AND attempts < max_attempts
                    """)
                .With("@not_before", notBefore.ToUnixTimeMilliseconds()).With("@code", errorCode).With("@message", message)
                .With("@seq", lease.Seq).With("@epoch", lease.Epoch).ExecuteAsync(default);
            if (released > 0)
            {
                await EndRunAsync(session, lease.Seq, "released");
                return FinishOutcome.Done;
            }

            return await FinishAsync(session, lease, ending);
        });
    }

    /// <summary>Gives a job back because its holder stops in good order: it waits again as if this lease had never been, and a run that was cut off for it is no attempt.</summary>
    public Task<bool> GiveBackAsync(JobLease lease) => _writer.RunAsync(async session =>
    {
        var given = await session.Command("""
                UPDATE jobs SET state = 0, running = 0, holder = NULL, lease_expires = NULL, not_before = @now, attempts = @before
                WHERE seq = @seq AND epoch = @epoch AND state = 1
                """)
            .With("@now", Now()).With("@before", lease.Attempt - 1).With("@seq", lease.Seq).With("@epoch", lease.Epoch).ExecuteAsync(default) > 0;
        if (given)
        {
            await EndRunAsync(session, lease.Seq, "given back");
        }

        return given;
    });

    private async Task<JobLease?> LeaseAsync(LedgerSession session, string queue, string holder, TimeSpan duration)
    {
        var now = Now();
        var expires = now + (long)duration.TotalMilliseconds;
        var skip = session.IsPostgres ? " FOR UPDATE SKIP LOCKED" : "";
        return await session.Command($"""
                UPDATE jobs SET state = 1, running = 0, holder = @holder, lease_expires = @expires, epoch = epoch + 1
                WHERE seq = (SELECT seq FROM jobs WHERE queue = @queue AND state = 0 AND not_before <= @now ORDER BY priority DESC, seq LIMIT 1{skip})
                RETURNING seq, owner, id, epoch, attempts, losses, accepted, cost, fingerprint, note, payload
                """)
            .With("@holder", holder).With("@expires", expires).With("@queue", queue).With("@now", now)
            .FirstAsync(
                r => new JobLease
                {
                    Seq = r.GetInt64(0),
                    Key = new(Owner(r, 1), r.GetString(2)),
                    Queue = queue,
                    Holder = holder,
                    Epoch = r.GetInt64(3),
                    Attempt = (int)r.GetInt64(4) + 1,
                    Losses = (int)r.GetInt64(5),
                    Accepted = Time(r, 6)!.Value,
                    Cost = r.GetDouble(7),
                    Fingerprint = Text(r, 8),
                    Note = Text(r, 9),
                    Payload = Bytes(r, 10),
                    Expires = DateTimeOffset.FromUnixTimeMilliseconds(expires),
                },
                default);
    }
}
