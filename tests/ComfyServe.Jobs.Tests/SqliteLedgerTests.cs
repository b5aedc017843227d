using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace ComfyServe.Jobs.Tests;

public sealed class SqliteLedgerTests : LedgerContract
{
    protected override Task<string?> PostgresAsync() => Task.FromResult<string?>(null);

    [Fact]
    public async Task Open_FileInUse_SaysSo()
    {
        await using var host = await LedgerHost.OpenAsync(null);

        var refused = await Assert.ThrowsAsync<LedgerUnavailableException>(() =>
            JobLedger.OpenAsync(new() { Folder = host.Folder }, host.Time, NullLogger<JobLedger>.Instance, TestContext.Current.CancellationToken));

        Assert.Contains("in use by another process", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Accept_EachCommit_IsFlushedToDisk()
    {
        await using var host = await LedgerHost.OpenAsync(null);
        await host.Ledger.AcceptAsync(LedgerHost.Job("a"));

        await using var other = new SqliteConnection($"Data Source={Path.Combine(host.Folder, "ledger.db")};Mode=ReadOnly");
        await other.OpenAsync(TestContext.Current.CancellationToken);
        await using var mode = other.CreateCommand();
        mode.CommandText = "PRAGMA journal_mode";

        Assert.Equal("wal", await mode.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        mode.CommandText = "SELECT COUNT(*) FROM jobs";
        Assert.Equal(1L, await mode.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Files_HoldNoSecretInClear()
    {
        await using var host = await LedgerHost.OpenAsync(null);
        await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Payload = "hunter2-payload"u8.ToArray() });
        await host.Ledger.EndAsync(new(null, "a"), LedgerHost.Ending() with
        {
            Result = "hunter2-result"u8.ToArray(),
            Deliveries = [new() { Id = "h", Target = "hunter2-target"u8.ToArray(), Body = "hunter2-body"u8.ToArray() }],
        });
        await host.ReopenAsync();

        foreach (var file in Directory.GetFiles(host.Folder).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)))
        {
            await using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var text = new StreamReader(open, Encoding.Latin1);
            Assert.DoesNotContain("hunter2", await text.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(host.Folder, "ledger.key")));
    }

    [Fact]
    public async Task Accept_BeyondWhatMayWait_IsRefusedNotQueued()
    {
        var folder = Directory.CreateTempSubdirectory("comfyserve-ledger-").FullName;
        await using (var ledger = await JobLedger.OpenAsync(new() { Folder = folder, MaxPending = 4 }, TimeProvider.System, NullLogger<JobLedger>.Instance, TestContext.Current.CancellationToken))
        {
            var accepts = Enumerable.Range(0, 2000).Select(i => ledger.AcceptAsync(LedgerHost.Job($"j{i}"))).ToList();
            var outcomes = await Task.WhenAll(accepts.Select(async a =>
            {
                try
                {
                    return (await a).Outcome.ToString();
                }
                catch (LedgerUnavailableException)
                {
                    return "refused";
                }
            }));

            Assert.Contains("refused", outcomes);
            var stored = await ledger.CountAsync("q", TestContext.Current.CancellationToken);
            Assert.Equal(outcomes.Count(o => o == "Accepted"), stored.Waiting);
        }

        Directory.Delete(folder, recursive: true);
    }
}
