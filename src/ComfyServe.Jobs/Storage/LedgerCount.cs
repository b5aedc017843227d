using System.Globalization;
using System.Text;
using ComfyServe.Hosting.Files;
using Microsoft.Win32.SafeHandles;

namespace ComfyServe.Jobs.Storage;

/// <summary>
/// A count beside an SQLite ledger: transactions and accepted jobs, as <c>ledger.count</c>. SQLite takes a log that was cut for one that ends there, and says
/// nothing of the transactions that it loses; this file tells how many they were. It is written after each commit and not flushed: after a loss of power it may be
/// behind the database, which means nothing, and never ahead.
/// </summary>
internal sealed class LedgerCount : IDisposable
{
    private const int Length = 42;
    private readonly SafeFileHandle _file;

    /// <summary>Opens the count, or begins one.</summary>
    public LedgerCount(string folder)
    {
        using var made = PrivateFiles.Write(Path.Combine(folder, "ledger.count"), FileMode.OpenOrCreate, FileShare.ReadWrite);
        _file = File.OpenHandle(made.Name, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
    }

    /// <summary>Counts a transaction that is about to be committed.</summary>
    public static async Task<Counts> NextAsync(LedgerSession session, CancellationToken cancellationToken)
    {
        await session.Command("UPDATE ledger_info SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = 'commits'").ExecuteAsync(cancellationToken);
        return await ReadAsync(session, cancellationToken);
    }

    /// <summary>Notes what is on disk now.</summary>
    public void Write(Counts counts)
    {
        try
        {
            RandomAccess.Write(_file, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{counts.Commits:D20} {counts.Jobs:D20}\n")), 0);
        }
        catch (IOException)
        {
            // It stays behind; the next one is written again.
        }
    }

    /// <summary>Compares the count with the database, brings both to the higher one, and tells what the database has lost.</summary>
    /// <returns>Transactions and accepted jobs that are missing; null mostly.</returns>
    public async Task<Counts?> CompareAsync(LedgerSession session, CancellationToken cancellationToken)
    {
        await session.BeginAsync(cancellationToken);
        await session.Command("INSERT INTO ledger_info (name, value) VALUES ('commits', '0') ON CONFLICT (name) DO NOTHING").ExecuteAsync(cancellationToken);
        var (there, counted) = (await ReadAsync(session, cancellationToken), Read());
        var isCut = counted.Commits > there.Commits;
        if (isCut)
        {
            await session.Command("UPDATE ledger_info SET value = @value WHERE name = 'commits'").With("@value", counted.Commits.ToString(CultureInfo.InvariantCulture)).ExecuteAsync(cancellationToken);

            // The numbers of the lost jobs' rows are not given again.
            await session.Command("DELETE FROM sqlite_sequence WHERE name = 'jobs'").ExecuteAsync(cancellationToken);
            await session.Command("INSERT INTO sqlite_sequence (name, seq) VALUES ('jobs', @seq)").With("@seq", Math.Max(counted.Jobs, there.Jobs)).ExecuteAsync(cancellationToken);
        }

        await session.CommitAsync(cancellationToken);
        Write(isCut ? new(counted.Commits, Math.Max(counted.Jobs, there.Jobs)) : there);
        return isCut ? new(counted.Commits - there.Commits, Math.Max(0, counted.Jobs - there.Jobs)) : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static async Task<Counts> ReadAsync(LedgerSession session, CancellationToken cancellationToken)
    {
        var read = await session.Command("SELECT CAST(value AS INTEGER), COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'jobs'), 0) FROM ledger_info WHERE name = 'commits'")
            .FirstAsync(static r => new Counts(r.GetInt64(0), r.GetInt64(1)), cancellationToken);
        return read ?? new(0, 0);
    }

    private Counts Read()
    {
        var bytes = new byte[Length];
        var read = RandomAccess.Read(_file, bytes, 0);
        var words = Encoding.ASCII.GetString(bytes.AsSpan(0, read)).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 2
            && long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var commits)
            && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var jobs)
            ? new(commits, jobs)
            : new(0, 0);
    }

    /// <summary>Counts since the ledger was made.</summary>
    /// <param name="Commits">Transactions.</param>
    /// <param name="Jobs">Jobs that were accepted.</param>
    internal sealed record Counts(long Commits, long Jobs);
}
