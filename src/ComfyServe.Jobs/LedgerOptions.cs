namespace ComfyServe.Jobs;

/// <summary>Where the ledger is and how it is sealed.</summary>
public sealed class LedgerOptions
{
    /// <summary>Folder of the SQLite file and, unless <see cref="Key"/> is given, of the sealing key. Default <c>data/ledger</c>.</summary>
    public string Folder { get; set; } = Path.Combine("data", "ledger");

    /// <summary>PostgreSQL connection string; null keeps the ledger in SQLite.</summary>
    public string? Postgres { get; set; }

    /// <summary>32 bytes that seal payloads, results and webhook targets; null makes and keeps a key in <see cref="Folder"/>. Every process on one PostgreSQL needs the same.</summary>
    public ReadOnlyMemory<byte>? Key { get; set; }

    /// <summary>Changes that may wait to be written; more are refused with <see cref="LedgerUnavailableException"/>. Default 10,000.</summary>
    public int MaxPending { get; set; } = 10_000;

    /// <summary>Most changes in one transaction. Default 256.</summary>
    public int MaxBatch { get; set; } = 256;

    /// <summary>Parallel writers on PostgreSQL. Default 4; SQLite has one.</summary>
    public int PostgresWriters { get; set; } = 4;
}
