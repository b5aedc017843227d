namespace ComfyServe.Jobs.Storage;

/// <summary>The ledger's tables. Times are milliseconds since 1970; sealed columns are <c>payload</c>, <c>result</c>, <c>target</c> and <c>body</c>.</summary>
internal static class Schema
{
    private const string Tables = """
        CREATE TABLE IF NOT EXISTS jobs (
            seq {identity},
            id TEXT NOT NULL UNIQUE,
            queue TEXT NOT NULL,
            state {small} NOT NULL,
            priority BIGINT NOT NULL,
            accepted BIGINT NOT NULL,
            finished BIGINT,
            not_before BIGINT NOT NULL,
            attempts BIGINT NOT NULL,
            max_attempts BIGINT NOT NULL,
            epoch BIGINT NOT NULL,
            holder TEXT,
            lease_expires BIGINT,
            cost DOUBLE PRECISION NOT NULL,
            owner TEXT,
            fingerprint TEXT,
            error_code TEXT,
            message TEXT,
            note TEXT,
            payload {blob} NOT NULL,
            result {blob}
        );
        CREATE INDEX IF NOT EXISTS jobs_waiting ON jobs (queue, priority DESC, seq) WHERE state = 0;
        CREATE INDEX IF NOT EXISTS jobs_leased ON jobs (lease_expires) WHERE state = 1;
        CREATE INDEX IF NOT EXISTS jobs_finished ON jobs (finished) WHERE state >= 2;
        CREATE TABLE IF NOT EXISTS ledger_info (
            name TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL
        );
        CREATE TABLE IF NOT EXISTS attempts (
            job_id TEXT NOT NULL,
            attempt BIGINT NOT NULL,
            holder TEXT NOT NULL,
            started BIGINT NOT NULL,
            ended BIGINT,
            outcome TEXT,
            note TEXT,
            PRIMARY KEY (job_id, attempt)
        );
        CREATE TABLE IF NOT EXISTS idempotency (
            queue TEXT NOT NULL,
            idempotency_key TEXT NOT NULL,
            job_id TEXT NOT NULL,
            fingerprint TEXT,
            created BIGINT NOT NULL,
            PRIMARY KEY (queue, idempotency_key)
        );
        CREATE INDEX IF NOT EXISTS idempotency_created ON idempotency (created);
        CREATE TABLE IF NOT EXISTS deliveries (
            id TEXT NOT NULL PRIMARY KEY,
            job_id TEXT NOT NULL,
            state {small} NOT NULL,
            attempts BIGINT NOT NULL,
            created BIGINT NOT NULL,
            next_at BIGINT NOT NULL,
            last_status BIGINT,
            last_error TEXT,
            target {blob} NOT NULL,
            body {blob} NOT NULL
        );
        CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_at) WHERE state = 0;
        CREATE INDEX IF NOT EXISTS deliveries_job ON deliveries (job_id);
        CREATE TABLE IF NOT EXISTS delivery_log (
            delivery_id TEXT NOT NULL,
            attempt BIGINT NOT NULL,
            at BIGINT NOT NULL,
            status BIGINT,
            error TEXT,
            duration_ms BIGINT NOT NULL,
            PRIMARY KEY (delivery_id, attempt)
        );
        """;

    /// <summary>Creates what is missing.</summary>
    public static async Task CreateAsync(LedgerSession session, CancellationToken cancellationToken)
    {
        await session.BeginAsync(cancellationToken);
        if (session.IsPostgres)
        {
            // Several processes may start at once; CREATE IF NOT EXISTS alone races.
            await session.Command("SELECT pg_advisory_xact_lock(7305416231900217701)").FirstAsync(static _ => "", cancellationToken);
        }

        var sql = session.IsPostgres
            ? Tables.Replace("{identity}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", StringComparison.Ordinal)
                .Replace("{blob}", "BYTEA", StringComparison.Ordinal).Replace("{small}", "SMALLINT", StringComparison.Ordinal)
            : Tables.Replace("{identity}", "INTEGER PRIMARY KEY AUTOINCREMENT", StringComparison.Ordinal)
                .Replace("{blob}", "BLOB", StringComparison.Ordinal).Replace("{small}", "INTEGER", StringComparison.Ordinal);
        foreach (var statement in sql.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            await session.Command(statement).ExecuteAsync(cancellationToken);
        }

        await session.CommitAsync(cancellationToken);
    }
}
