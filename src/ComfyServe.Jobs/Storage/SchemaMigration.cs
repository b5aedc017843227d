namespace ComfyServe.Jobs.Storage;

/// <summary>Brings the tables of version 1 to version 2, inside the transaction of the start: an id was one for all owners, and each lease an attempt.</summary>
internal static class SchemaMigration
{
    /// <summary>
    /// An endpoint's queue owns its jobs. An API service counted starts of three runs each, and kept a key as <c>OWNER/KEY</c>; its jobs end by the runs
    /// of one start and by their losses, no longer by a count of starts.
    /// </summary>
    private const string Rows = """
        UPDATE old_jobs SET owner = queue WHERE owner IS NULL AND queue LIKE 'endpoint-%';
        UPDATE old_jobs SET attempts = 3 * attempts, max_attempts = 1000000 WHERE queue LIKE 'api/%';
        """;

    private const string Copies = """
        INSERT INTO jobs (seq, owner, id, queue, state, running, priority, accepted, finished, not_before, attempts, losses, max_attempts, epoch, holder, lease_expires, cost, fingerprint, error_code, message, note, payload, result) {identity_too}
            SELECT seq, COALESCE(owner, ''), id, queue, state, 0, priority, accepted, finished, not_before, attempts, 0, max_attempts, epoch, holder, lease_expires, cost, fingerprint, error_code, message, note, payload, result FROM old_jobs;
        INSERT INTO attempts (job_seq, attempt, holder, started, ended, outcome, note)
            SELECT jobs.seq, attempt, old_attempts.holder, started, ended, outcome, old_attempts.note FROM old_attempts JOIN jobs ON jobs.id = job_id;
        INSERT INTO idempotency (queue, owner, idempotency_key, job_id, fingerprint, created)
            SELECT old_idempotency.queue, jobs.owner, CASE WHEN jobs.queue LIKE 'api/%' THEN SUBSTR(idempotency_key, LENGTH(jobs.owner) + 2) ELSE idempotency_key END, job_id, old_idempotency.fingerprint, created
            FROM old_idempotency JOIN jobs ON jobs.id = job_id;
        INSERT INTO deliveries (id, job_seq, owner, job_id, state, attempts, created, next_at, last_status, last_error, target, body)
            SELECT old_deliveries.id, jobs.seq, jobs.owner, job_id, old_deliveries.state, old_deliveries.attempts, created, next_at, last_status, last_error, target, body FROM old_deliveries JOIN jobs ON jobs.id = job_id;
        """;

    private static readonly string[] Tables = ["jobs", "attempts", "idempotency", "deliveries"];

    /// <summary>Whether there are tables of version 1.</summary>
    public static async Task<bool> IsVersion1Async(LedgerSession session, CancellationToken cancellationToken)
    {
        var columns = session.IsPostgres
            ? "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'jobs'"
            : "SELECT name FROM pragma_table_info('jobs')";
        var names = await session.Command(columns).AllAsync(static r => r.GetString(0), cancellationToken);
        return names.Count > 0 && !names.Contains("losses", StringComparer.Ordinal);
    }

    /// <summary>Copies every row.</summary>
    public static async Task RunAsync(LedgerSession session, CancellationToken cancellationToken)
    {
        foreach (var table in Tables)
        {
            await session.Command($"ALTER TABLE {table} RENAME TO old_{table}").ExecuteAsync(cancellationToken);
        }

        await Schema.RunAsync(session, Rows + Schema.Jobs + Schema.Attempts + Schema.Idempotency + Schema.Deliveries, cancellationToken);
        await Schema.RunAsync(session, Copies.Replace("{identity_too}", session.IsPostgres ? "OVERRIDING SYSTEM VALUE" : "", StringComparison.Ordinal), cancellationToken);

        // No row's number is given again, not even that of a job which is forgotten.
        if (session.IsPostgres)
        {
            await session.Command("SELECT setval(pg_get_serial_sequence('jobs', 'seq'), nextval(pg_get_serial_sequence('old_jobs', 'seq')))").FirstAsync(static _ => "", cancellationToken);
        }
        else
        {
            await Schema.RunAsync(session, "DELETE FROM sqlite_sequence WHERE name = 'jobs'; INSERT INTO sqlite_sequence (name, seq) SELECT 'jobs', seq FROM sqlite_sequence WHERE name = 'old_jobs'", cancellationToken);
        }

        foreach (var table in Tables)
        {
            await session.Command($"DROP TABLE old_{table}").ExecuteAsync(cancellationToken);
        }
    }
}
