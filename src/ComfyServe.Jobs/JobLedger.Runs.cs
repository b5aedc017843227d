using ComfyServe.Jobs.Storage;

namespace ComfyServe.Jobs;

/// <content>Runs: what counts as an attempt.</content>
public sealed partial class JobLedger
{
    /// <summary>How often a job may be running when a process dies: then it is taken for the cause, and ends.</summary>
    public const int MaxLosses = 3;

    /// <summary>Records that a run begins: an attempt. One that was recorded already is not counted again.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="run">The run's number, from 1.</param>
    /// <param name="note">What the next holder must know about it; null keeps what is noted.</param>
    /// <returns>False when the lease was lost: then the run must not begin.</returns>
    public Task<bool> BeginRunAsync(JobLease lease, int run, string? note = null) => _writer.RunAsync(async session =>
    {
        var begun = await session.Command("""
                UPDATE jobs SET running = 1, attempts = CASE WHEN attempts < @run THEN @run ELSE attempts END, note = COALESCE(@note, note)
                WHERE seq = @seq AND epoch = @epoch AND state = 1
                """)
            .With("@run", run).With("@note", note).With("@seq", lease.Seq).With("@epoch", lease.Epoch).ExecuteAsync(default) > 0;
        if (begun)
        {
            await session.Command("""
                    INSERT INTO attempts (job_seq, attempt, holder, started, note) VALUES (@seq, @run, @holder, @now, @note)
                    ON CONFLICT (job_seq, attempt) DO UPDATE SET holder = excluded.holder, ended = NULL, outcome = NULL, note = excluded.note
                    """)
                .With("@seq", lease.Seq).With("@run", run).With("@holder", lease.Holder).With("@now", Now()).With("@note", note).ExecuteAsync(default);
        }

        return begun;
    });

    /// <summary>Records that no run is going any more although the job is not over, for example while it waits for another engine.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="run">The run that ended, perhaps before its beginning was recorded.</param>
    /// <param name="outcome">How, a word.</param>
    public Task<bool> EndRunAsync(JobLease lease, int run, string outcome) => _writer.RunAsync(async session =>
    {
        var ended = await session.Command("UPDATE jobs SET running = 0, attempts = CASE WHEN attempts < @run THEN @run ELSE attempts END WHERE seq = @seq AND epoch = @epoch AND state = 1")
            .With("@run", run).With("@seq", lease.Seq).With("@epoch", lease.Epoch).ExecuteAsync(default) > 0;
        if (ended)
        {
            await EndRunAsync(session, lease.Seq, outcome);
        }

        return ended;
    });

    /// <summary>Records that a run which was going when its holders died goes on: nothing was lost.</summary>
    public Task<bool> ForgiveLossesAsync(JobLease lease) => _writer.RunAsync(async session =>
        await session.Command("UPDATE jobs SET losses = 0 WHERE seq = @seq AND epoch = @epoch AND state = 1").With("@seq", lease.Seq).With("@epoch", lease.Epoch).ExecuteAsync(default) > 0);

    /// <summary>Takes back that a run began: whoever was asked refused, and it counts for nothing.</summary>
    public Task<bool> ForgetRunAsync(JobLease lease, int run) => _writer.RunAsync(async session =>
    {
        var forgotten = await session.Command("UPDATE jobs SET running = 0, attempts = @before WHERE seq = @seq AND epoch = @epoch AND state = 1 AND attempts = @run")
            .With("@before", run - 1).With("@seq", lease.Seq).With("@epoch", lease.Epoch).With("@run", run).ExecuteAsync(default) > 0;
        if (forgotten)
        {
            await session.Command("DELETE FROM attempts WHERE job_seq = @seq AND attempt = @run").With("@seq", lease.Seq).With("@run", run).ExecuteAsync(default);
        }

        return forgotten;
    });

    /// <summary>A holder stops in good order and leaves its runs to its next start: that nobody watches them meanwhile is no loss.</summary>
    public Task<int> LeaveRunsAsync(string holder) => _writer.RunAsync(session =>
        session.Command("UPDATE jobs SET running = 0 WHERE holder = @holder AND state = 1 AND running = 1").With("@holder", holder).ExecuteAsync(default));

    /// <summary>
    /// Takes back leases whose holder is gone: expired ones, or all of one holder. Their jobs wait again. Only a job whose run was going has lost something:
    /// it ends when it has been running at <see cref="MaxLosses"/> deaths, or when as many runs have begun as allowed.
    /// </summary>
    /// <param name="holder">A holder that is known to be gone; null takes back what has expired.</param>
    /// <param name="ending">How a job ends instead of waiting again; called inside the transaction, and again when that is tried again: it must have no effects.</param>
    /// <returns>The jobs concerned, as they were, with the loss counted.</returns>
    public Task<IReadOnlyList<JobRecord>> ReclaimAsync(string? holder, Func<JobRecord, JobEnding> ending) => _writer.RunAsync<IReadOnlyList<JobRecord>>(async session =>
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

        var found = await command.AllAsync(ReadWithPayload, default);
        var lost = found.Select(static j => j.IsRunning ? j with { Losses = j.Losses + 1 } : j).ToList();
        foreach (var job in lost)
        {
            await ReclaimAsync(session, job, ending, now);
        }

        return lost;
    });

    private async Task ReclaimAsync(LedgerSession session, JobRecord job, Func<JobRecord, JobEnding> ending, long now)
    {
        await session.Command("""
                UPDATE jobs SET state = 0, running = 0, losses = @losses, holder = NULL, lease_expires = NULL, not_before = @now
                WHERE seq = @seq AND epoch = @epoch AND state = 1
                """)
            .With("@losses", job.Losses).With("@now", now).With("@seq", job.Seq).With("@epoch", job.Epoch).ExecuteAsync(default);
        if (!job.IsRunning)
        {
            return;
        }

        await EndRunAsync(session, job.Seq, "lost");
        if (job.IsSuspect || job.Attempts >= job.MaxAttempts)
        {
            await FinishAsync(session, job.Key, Seal(job.Key, ending(OpenPayload(job))));
        }
    }

    private Task<int> EndRunAsync(LedgerSession session, long seq, string outcome) =>
        session.Command("UPDATE attempts SET ended = @now, outcome = @outcome WHERE job_seq = @seq AND ended IS NULL")
            .With("@now", Now()).With("@outcome", outcome).With("@seq", seq).ExecuteAsync(default);
}
