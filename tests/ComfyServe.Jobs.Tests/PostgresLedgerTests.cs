namespace ComfyServe.Jobs.Tests;

public sealed class PostgresLedgerTests(PostgresFixture postgres) : LedgerContract
{
    protected override async Task<string?> PostgresAsync() => await postgres.CreateDatabaseAsync();
}
