using System.Data.Common;
using System.Globalization;
using ComfyServe.Jobs.Sealing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ComfyServe.Jobs.Tests;

/// <summary>Ledgers as the first version wrote them: an id was one for all owners, and each lease an attempt.</summary>
public sealed class MigrationTests(PostgresFixture postgres) : IDisposable
{
    /// <summary>The first version's tables, word for word.</summary>
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

    private static readonly byte[] SealingKey = [.. Enumerable.Range(0, 32).Select(static i => (byte)i)];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-migration-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Open_LedgerOfTheFirstVersion_KeepsEverythingUnderItsOwner(bool usesPostgres)
    {
        var options = new LedgerOptions { Folder = _folder.FullName, Postgres = usesPostgres ? await postgres.CreateDatabaseAsync() : null, Key = SealingKey };
        await WriteAsync(options);

        await using (var first = await OpenAsync(options))
        {
            await CheckAsync(first);
        }

        await using var again = await OpenAsync(options);
        await CheckAsync(again);
        var fresh = await again.AcceptAsync(LedgerHost.Job("done") with { Owner = "bob" });
        Assert.Equal(AcceptOutcome.Accepted, fresh.Outcome);
        Assert.True(Assert.Single(await again.ListAsync(new() { Owner = "bob" }, Cancellation)).Seq > 8); // no row's number is given twice
    }

    [Fact]
    public async Task Open_LedgerOfALaterVersion_SaysSo()
    {
        var options = new LedgerOptions { Folder = _folder.FullName };
        await (await OpenAsync(options)).DisposeAsync();
        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(options.Folder, "ledger.db")};Pooling=false"))
        {
            await RunAsync(connection, "UPDATE ledger_info SET value = '3' WHERE name = 'version'");
        }

        for (var start = 0; start < 2; start++) // the first refusal does not keep the file
        {
            var refused = await Assert.ThrowsAsync<LedgerUnavailableException>(() => OpenAsync(options));
            Assert.Contains("version 3", refused.Message, StringComparison.Ordinal);
        }
    }

    private static async Task CheckAsync(JobLedger ledger)
    {
        var done = (await ledger.FindAsync(new("ann", "done"), Cancellation))!;
        Assert.Equal((JobState.Completed, "payload of done", "result of done", "f1"), (done.State, Text(done.Payload), Text(done.Result), done.Fingerprint));
        var going = (await ledger.FindAsync(new(null, "going"), Cancellation))!;
        Assert.Equal((JobState.Leased, "payload of going", 6, 0, false), (going.State, Text(going.Payload), going.Attempts, going.Losses, going.IsRunning));
        var waits = (await ledger.FindAsync(new("endpoint-5", "job_1"), Cancellation))!;
        Assert.Equal((JobState.Waiting, "payload of job_1", 1, 5), (waits.State, Text(waits.Payload), waits.Attempts, waits.MaxAttempts));
        Assert.Equal(("done", "f1"), await ledger.FindKeyAsync("api/i", "ann", "the/key", Cancellation));
        Assert.Equal(("going", "f2"), await ledger.FindKeyAsync("api/i", null, "the/key", Cancellation));
        Assert.Equal(("job_1", null), await ledger.FindKeyAsync("endpoint-5", "endpoint-5", "k", Cancellation));
        Assert.Equal(["completed"], (await ledger.AttemptsAsync(done.Key, Cancellation)).Select(static a => a.Outcome));
        Assert.Equal("msg_1", Assert.Single(await ledger.DeliveriesAsync(done.Key, Cancellation)).Id);
        Assert.Equal([200], (await ledger.DeliveryLogAsync("msg_1", Cancellation)).Select(static l => l.Status));
        Assert.Equal(["job_1", "going", "done"], (await ledger.ListAsync(new() { Limit = 10 }, Cancellation)).Select(static j => j.Id));
    }

    private static async Task WriteAsync(LedgerOptions options)
    {
        await using DbConnection connection = options.Postgres is { } text
            ? new NpgsqlConnection(text)
            : new SqliteConnection($"Data Source={Path.Combine(options.Folder, "ledger.db")};Pooling=false");
        var isPostgres = options.Postgres is not null;
        await RunAsync(connection, Tables
            .Replace("{identity}", isPostgres ? "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY" : "INTEGER PRIMARY KEY AUTOINCREMENT", StringComparison.Ordinal)
            .Replace("{blob}", isPostgres ? "BYTEA" : "BLOB", StringComparison.Ordinal)
            .Replace("{small}", isPostgres ? "SMALLINT" : "INTEGER", StringComparison.Ordinal));
        var hex = isPostgres ? "'\\x{0}'" : "X'{0}'";
        foreach (var (id, queue, state, attempts, max, owner, fingerprint) in ((string, string, int, int, int, string, string)[])
            [("done", "api/i", 2, 1, 20, "'ann'", "'f1'"), ("going", "api/i", 1, 2, 20, "NULL", "'f2'"), ("job_1", "endpoint-5", 0, 1, 5, "NULL", "NULL")])
        {
            await RunAsync(connection, $"""
                INSERT INTO jobs (id, queue, state, priority, accepted, not_before, attempts, max_attempts, epoch, cost, owner, fingerprint, payload, result)
                VALUES ('{id}', '{queue}', {state}, 0, 1, 1, {attempts}, {max}, {attempts}, 100, {owner}, {fingerprint}, {Sealed(hex, $"payload of {id}", $"job/{id}/payload")}, {Sealed(hex, $"result of {id}", $"job/{id}/result")})
                """);
        }

        await RunAsync(connection, $"""
            INSERT INTO jobs (id, queue, state, priority, accepted, not_before, attempts, max_attempts, epoch, cost, payload)
                SELECT 'gone' || seq, queue, 2, 0, 1, 1, 1, 1, 1, 100, payload FROM jobs;
            INSERT INTO jobs (id, queue, state, priority, accepted, not_before, attempts, max_attempts, epoch, cost, payload)
                SELECT 'gone too' || seq, queue, 2, 0, 1, 1, 1, 1, 1, 100, payload FROM jobs WHERE seq < 3;
            DELETE FROM jobs WHERE id LIKE 'gone%';
            INSERT INTO attempts (job_id, attempt, holder, started, ended, outcome) VALUES ('done', 1, 'h', 1, 2, 'completed');
            INSERT INTO idempotency (queue, idempotency_key, job_id, fingerprint, created) VALUES ('api/i', 'ann/the/key', 'done', 'f1', 1);
            INSERT INTO idempotency (queue, idempotency_key, job_id, fingerprint, created) VALUES ('api/i', '/the/key', 'going', 'f2', 1);
            INSERT INTO idempotency (queue, idempotency_key, job_id, created) VALUES ('endpoint-5', 'k', 'job_1', 1);
            INSERT INTO deliveries (id, job_id, state, attempts, created, next_at, target, body)
                VALUES ('msg_1', 'done', 1, 1, 1, 1, {Sealed(hex, "target", "delivery/msg_1/target")}, {Sealed(hex, "body", "delivery/msg_1/body")});
            INSERT INTO delivery_log (delivery_id, attempt, at, status, duration_ms) VALUES ('msg_1', 1, 1, 200, 1);
            """);
    }

    private static string Sealed(string hex, string text, string place)
    {
        using var sealer = new Sealer(SealingKey);
        return string.Format(CultureInfo.InvariantCulture, hex, Convert.ToHexStringLower(sealer.Seal(System.Text.Encoding.UTF8.GetBytes(text), place)));
    }

    private static async Task RunAsync(DbConnection connection, string sql)
    {
        if (connection.State != System.Data.ConnectionState.Open)
        {
            await connection.OpenAsync(Cancellation);
        }

        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    private static Task<JobLedger> OpenAsync(LedgerOptions options) => JobLedger.OpenAsync(options, TimeProvider.System, NullLogger<JobLedger>.Instance, Cancellation);

    private static string Text(ReadOnlyMemory<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes.Span);
}
