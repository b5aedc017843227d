using System.Globalization;

namespace ComfyServe.Jobs.Storage;

/// <summary>
/// The ledger's tables. Times are milliseconds since 1970; sealed columns are <c>payload</c>, <c>result</c>, <c>target</c> and <c>body</c>. A job without an
/// owner has the empty text as its owner, so that the unique index sees it.
/// </summary>
internal static class Schema
{
    /// <summary>Version 2 gave each job's id to its owner, and told runs from leases.</summary>
    private const int Version = 2;

    internal const string Jobs = """
        CREATE TABLE IF NOT EXISTS jobs (
            seq {identity},
            owner TEXT NOT NULL,
            id TEXT NOT NULL,
            queue TEXT NOT NULL,
            state {small} NOT NULL,
            running {small} NOT NULL,
            priority BIGINT NOT NULL,
            accepted BIGINT NOT NULL,
            finished BIGINT,
            not_before BIGINT NOT NULL,
            attempts BIGINT NOT NULL,
            losses BIGINT NOT NULL,
            max_attempts BIGINT NOT NULL,
            epoch BIGINT NOT NULL,
            holder TEXT,
            lease_expires BIGINT,
            cost DOUBLE PRECISION NOT NULL,
            fingerprint TEXT,
            error_code TEXT,
            message TEXT,
            note TEXT,
            payload {blob} NOT NULL,
            result {blob}
        );
        """;

    internal const string Attempts = """
        CREATE TABLE IF NOT EXISTS attempts (
            job_seq BIGINT NOT NULL,
            attempt BIGINT NOT NULL,
            holder TEXT NOT NULL,
            started BIGINT NOT NULL,
            ended BIGINT,
            outcome TEXT,
            note TEXT,
            PRIMARY KEY (job_seq, attempt)
        );
        """;

    internal const string Idempotency = """
        CREATE TABLE IF NOT EXISTS idempotency (
            queue TEXT NOT NULL,
            owner TEXT NOT NULL,
            idempotency_key TEXT NOT NULL,
            job_id TEXT NOT NULL,
            fingerprint TEXT,
            created BIGINT NOT NULL,
            PRIMARY KEY (queue, owner, idempotency_key)
        );
        """;

    internal const string Deliveries = """
        CREATE TABLE IF NOT EXISTS deliveries (
            id TEXT NOT NULL PRIMARY KEY,
            job_seq BIGINT NOT NULL,
            owner TEXT NOT NULL,
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
        """;

    private const string Others = """
        CREATE TABLE IF NOT EXISTS delivery_log (
            delivery_id TEXT NOT NULL,
            attempt BIGINT NOT NULL,
            at BIGINT NOT NULL,
            status BIGINT,
            error TEXT,
            duration_ms BIGINT NOT NULL,
            PRIMARY KEY (delivery_id, attempt)
        );
        CREATE TABLE IF NOT EXISTS ledger_info (
            name TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL
        );
        """;

    private const string Indexes = """
        CREATE UNIQUE INDEX IF NOT EXISTS jobs_name ON jobs (owner, id);
        CREATE INDEX IF NOT EXISTS jobs_waiting ON jobs (queue, priority DESC, seq) WHERE state = 0;
        CREATE INDEX IF NOT EXISTS jobs_leased ON jobs (lease_expires) WHERE state = 1;
        CREATE INDEX IF NOT EXISTS jobs_finished ON jobs (finished) WHERE state >= 2;
        CREATE INDEX IF NOT EXISTS idempotency_created ON idempotency (created);
        CREATE INDEX IF NOT EXISTS idempotency_job ON idempotency (owner, job_id);
        CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_at) WHERE state = 0;
        CREATE INDEX IF NOT EXISTS deliveries_lines ON deliveries (owner, (CASE WHEN attempts = 0 THEN 0 ELSE 1 END), next_at) WHERE state = 0;
        CREATE INDEX IF NOT EXISTS deliveries_of ON deliveries (job_seq);
        """;

    /// <summary>Creates what is missing, and brings what an earlier version wrote to this one.</summary>
    public static async Task CreateAsync(LedgerSession session, CancellationToken cancellationToken)
    {
        await session.BeginAsync(cancellationToken);
        if (session.IsPostgres)
        {
            // Several processes may start at once; CREATE IF NOT EXISTS alone races.
            await session.Command("SELECT pg_advisory_xact_lock(7305416231900217701)").FirstAsync(static _ => "", cancellationToken);
        }

        var isOld = await SchemaMigration.IsVersion1Async(session, cancellationToken);
        await RunAsync(session, Others, cancellationToken);
        if (isOld)
        {
            await SchemaMigration.RunAsync(session, cancellationToken);
        }

        await RunAsync(session, Jobs + Attempts + Idempotency + Deliveries + Indexes, cancellationToken);
        await CheckVersionAsync(session, cancellationToken);
        await session.CommitAsync(cancellationToken);
    }

    /// <summary>Runs statements that end in semicolons, in the database's own words.</summary>
    internal static async Task RunAsync(LedgerSession session, string statements, CancellationToken cancellationToken)
    {
        var sql = session.IsPostgres
            ? statements.Replace("{identity}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", StringComparison.Ordinal)
                .Replace("{blob}", "BYTEA", StringComparison.Ordinal).Replace("{small}", "SMALLINT", StringComparison.Ordinal)
            : statements.Replace("{identity}", "INTEGER PRIMARY KEY AUTOINCREMENT", StringComparison.Ordinal)
                .Replace("{blob}", "BLOB", StringComparison.Ordinal).Replace("{small}", "INTEGER", StringComparison.Ordinal);
        foreach (var statement in sql.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            await session.Command(statement).ExecuteAsync(cancellationToken);
        }
    }

    private static async Task CheckVersionAsync(LedgerSession session, CancellationToken cancellationToken)
    {
        var ours = Version.ToString(CultureInfo.InvariantCulture);
        await session.Command("INSERT INTO ledger_info (name, value) VALUES ('version', @value) ON CONFLICT (name) DO NOTHING").With("@value", ours).ExecuteAsync(cancellationToken);
        var found = await session.Command("SELECT value FROM ledger_info WHERE name = 'version'").FirstAsync(static r => r.GetString(0), cancellationToken);
        if (found != ours)
        {
            throw new LedgerUnavailableException($"the ledger was written by another version of this software (its tables are version {found}, this one knows {ours}): start the newer version, or choose another folder for the data");
        }
    }
}
