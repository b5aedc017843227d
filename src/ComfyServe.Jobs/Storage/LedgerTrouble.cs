using Microsoft.Data.Sqlite;

namespace ComfyServe.Jobs.Storage;

/// <summary>Names what is wrong with the ledger's storage, and what to do about it.</summary>
internal static class LedgerTrouble
{
    private const int Busy = 5;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    // Numbers of the system, as .NET hands them on.
    private const int NoSpace = 28;
    private const int ReadOnlyDisk = 30;
    private static readonly int[] InUse = [11, 32, 35];

    /// <summary>What a failure means.</summary>
    /// <param name="doing">What could not be done, for example <c>opened</c>.</param>
    /// <param name="folder">The folder of an SQLite ledger; null for PostgreSQL.</param>
    /// <param name="failure">What happened.</param>
    public static LedgerUnavailableException Of(string doing, string? folder, Exception failure) =>
        new(folder is null ? $"the ledger cannot be {doing}: {failure.Message}" : Text(doing, folder, failure), failure);

    private static string Text(string doing, string folder, Exception failure) => failure switch
    {
        SqliteException { SqliteErrorCode: Corrupt or NotADatabase } e => Damaged(folder, e.Message),
        SqliteException { SqliteErrorCode: ReadOnly } => NotWritable(folder, "its database is read-only"),
        SqliteException { SqliteErrorCode: CannotOpen } => NotWritable(folder, "its database cannot be opened"),
        SqliteException { SqliteErrorCode: Full } => NoRoom(folder),
        SqliteException { SqliteErrorCode: InputOutput } e => $"the disk with the ledger's folder '{folder}' reports an error ({e.Message}): look at the system's log, and move the folder to a sound disk",
        SqliteException { SqliteErrorCode: Busy } => $"the ledger in '{folder}' is held by another program, for example a backup or a database browser: end that one",
        UnauthorizedAccessException => NotWritable(folder, "this account may not write there"),
        IOException e when InUse.Contains(e.HResult & 0xFFFF) => $"the ledger in '{folder}' is in use by another process: stop that one, or choose another folder for the data",
        IOException e when (e.HResult & 0xFFFF) == ReadOnlyDisk => NotWritable(folder, "it is on a read-only file system"),
        IOException e when (e.HResult & 0xFFFF) == NoSpace => NoRoom(folder),
        _ => $"the ledger in '{folder}' cannot be {doing}: {failure.Message}",
    };

    /// <summary>The database's own structure is broken, or it is shorter than it says.</summary>
    internal static string Damaged(string folder, string how) =>
        $"the ledger '{Path.Combine(folder, "ledger.db")}' is damaged or cut short ({how}): put back a copy of its folder, or move the folder away and start with an empty ledger; 'sqlite3 ledger.db .recover' may save some of it";

    private static string NotWritable(string folder, string why) =>
        $"the ledger's folder '{folder}' cannot be written ({why}): give this account the right to write there, mount it writable, or choose another folder for the data";

    private static string NoRoom(string folder) => $"the disk with the ledger's folder '{folder}' is full: make room there";
}
