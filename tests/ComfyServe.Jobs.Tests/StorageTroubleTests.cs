using ComfyServe.Jobs.Storage;
using ComfyServe.Testing.Files;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Testing;

namespace ComfyServe.Jobs.Tests;

/// <summary>Ledgers in folders that cannot be written, and files that somebody cut or scribbled in.</summary>
public sealed class StorageTroubleTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-trouble-");
    private readonly FakeLogCollector _log = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Ledger => Path.Combine(_folder.FullName, "ledger");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(8, "cannot be written (its database is read-only)")]
    [InlineData(11, "is damaged or cut short")]
    [InlineData(26, "is damaged or cut short")]
    [InlineData(14, "cannot be written (its database cannot be opened)")]
    [InlineData(13, "is full")]
    [InlineData(10, "reports an error")]
    [InlineData(5, "held by another program")]
    public void Of_WhatSqliteSays_IsNamed(int code, string expected) =>
        Assert.Contains(expected, LedgerTrouble.Of("opened", "/data/ledger", new SqliteException("sqlite's words", code)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(30, "on a read-only file system")]
    [InlineData(28, "is full")]
    [InlineData(11, "in use by another process")]
    public void Of_WhatTheSystemSays_IsNamed(int number, string expected) =>
        Assert.Contains(expected, LedgerTrouble.Of("opened", "/data/ledger", new IOException("words", number)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Open_FolderThatCannotBeMade_SaysWhich()
    {
        await File.WriteAllTextAsync(Ledger, "a file where the folder should be", Cancellation);

        var refused = await Assert.ThrowsAsync<LedgerUnavailableException>(OpenAsync);

        Assert.Contains(Ledger, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 64)]
    [InlineData(4096, 16)]
    [InlineData(-4096, 4096)]
    public async Task Open_DamagedFile_IsNamedWithWhatToDo(int at, int count)
    {
        await MakeAsync(40);
        await using (var file = File.OpenWrite(Path.Combine(Ledger, "ledger.db")))
        {
            file.Seek(at, at < 0 ? SeekOrigin.End : SeekOrigin.Begin);
            file.Write([.. Enumerable.Repeat((byte)0xA5, count)]);
        }

        var refused = await Assert.ThrowsAsync<LedgerUnavailableException>(OpenAsync);

        Assert.Contains("ledger.db' is damaged or cut short", refused.Message, StringComparison.Ordinal);
        Assert.Contains("put back a copy", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_ShortenedFile_IsNamed()
    {
        await MakeAsync(40);
        using (var file = File.OpenWrite(Path.Combine(Ledger, "ledger.db")))
        {
            file.SetLength(file.Length / 4096 / 2 * 4096);
        }

        var refused = await Assert.ThrowsAsync<LedgerUnavailableException>(OpenAsync);

        Assert.Contains("damaged or cut short", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_CutLog_SaysHowManyJobsAreLostAndGoesOn()
    {
        var (whole, cut) = (await LogAsync(12), 0);
        await using (var file = File.OpenWrite(Path.Combine(Ledger, "ledger.db-wal")))
        {
            file.SetLength(whole / 2);
        }

        await using (var ledger = await OpenAsync())
        {
            cut = 12 - (await ledger.CountAsync("q", Cancellation)).Waiting;
            var line = Assert.Single(_log.GetSnapshot(), static l => l.Id.Id == 3002);
            Assert.Equal(LogLevel.Error, line.Level);
            Assert.InRange(cut, 1, 11);
            Assert.Contains($"lost {cut} accepted jobs", line.Message, StringComparison.Ordinal);
            Assert.Equal(AcceptOutcome.Accepted, (await ledger.AcceptAsync(LedgerHost.Job("fresh"))).Outcome);
            Assert.True((await ledger.ListAsync(new(), Cancellation))[0].Seq > 12); // the lost jobs' numbers are not given again
        }

        _log.Clear();
        await using var again = await OpenAsync();
        Assert.DoesNotContain(_log.GetSnapshot(), static l => l.Id.Id == 3002); // told once
    }

    [Fact]
    public async Task Open_DatabaseGone_SaysHowManyJobsAreLost()
    {
        await MakeAsync(5);
        File.Delete(Path.Combine(Ledger, "ledger.db"));

        await using var ledger = await OpenAsync();

        Assert.Contains("lost 5 accepted jobs", Assert.Single(_log.GetSnapshot(), static l => l.Id.Id == 3002).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Open_CountBehindOrSpoilt_SaysNothing(bool isSpoilt)
    {
        await MakeAsync(3);
        var count = Path.Combine(Ledger, "ledger.count");
        var early = await File.ReadAllBytesAsync(count, Cancellation);
        await MakeAsync(2, "later");
        await File.WriteAllBytesAsync(count, isSpoilt ? "not a count"u8.ToArray() : early, Cancellation);

        await using var ledger = await OpenAsync();

        Assert.DoesNotContain(_log.GetSnapshot(), static l => l.Id.Id == 3002);
    }

    [Fact]
    public async Task Files_AreForThisAccountAlone_AlsoThoseOfEarlierVersions()
    {
        await LogAsync(1);
        foreach (var path in (string[])[Ledger, .. Directory.GetFiles(Ledger)])
        {
            FileModes.Set(path, Directory.Exists(path) ? "755" : "644");
        }

        await using var ledger = await OpenAsync();
        await ledger.AcceptAsync(LedgerHost.Job("b"));

        Assert.Equal("700", FileModes.Of(Ledger));
        var files = Directory.GetFiles(Ledger);
        Assert.Contains(files, static f => f.EndsWith("-wal", StringComparison.Ordinal));
        Assert.All(files, static f => Assert.Equal("600", FileModes.Of(f)));
    }

    private async Task MakeAsync(int jobs, string name = "job")
    {
        await using var ledger = await OpenAsync();
        for (var i = 0; i < jobs; i++)
        {
            await ledger.AcceptAsync(LedgerHost.Job($"{name}{i}") with { Payload = new byte[2000] });
        }
    }

    /// <summary>A ledger as a killed process leaves it: what was committed is in the log, and not in the database yet. Tells the log's length.</summary>
    private async Task<long> LogAsync(int jobs)
    {
        var original = Path.Combine(_folder.FullName, "original");
        await using var ledger = await JobLedger.OpenAsync(new() { Folder = original }, TimeProvider.System, NullLogger<JobLedger>.Instance, Cancellation);
        for (var i = 0; i < jobs; i++)
        {
            await ledger.AcceptAsync(LedgerHost.Job($"job{i}"));
        }

        Directory.CreateDirectory(Ledger);
        foreach (var name in (string[])["ledger.db", "ledger.db-wal", "ledger.count", "ledger.key"])
        {
            await using var from = new FileStream(Path.Combine(original, name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            await using var to = File.Create(Path.Combine(Ledger, name));
            await from.CopyToAsync(to, Cancellation);
        }

        return new FileInfo(Path.Combine(Ledger, "ledger.db-wal")).Length;
    }

    private Task<JobLedger> OpenAsync() => JobLedger.OpenAsync(new() { Folder = Ledger }, TimeProvider.System, new FakeLogger<JobLedger>(_log), Cancellation);
}
