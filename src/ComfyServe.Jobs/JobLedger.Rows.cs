using System.Data.Common;

namespace ComfyServe.Jobs;

/// <content>Reading rows.</content>
public sealed partial class JobLedger
{
    /// <summary>20 columns; payload and result follow where they are wanted.</summary>
    private const string RecordColumns =
        "id, queue, state, accepted, finished, attempts, max_attempts, epoch, holder, lease_expires, cost, priority, owner, fingerprint, error_code, message, note, running, losses, seq";

    private static JobRecord ReadRecord(DbDataReader r) => new()
    {
        Id = r.GetString(0),
        Queue = r.GetString(1),
        State = (JobState)r.GetInt32(2),
        Accepted = Time(r, 3)!.Value,
        Finished = Time(r, 4),
        Attempts = (int)r.GetInt64(5),
        MaxAttempts = (int)r.GetInt64(6),
        Epoch = r.GetInt64(7),
        Holder = Text(r, 8),
        LeaseExpires = Time(r, 9),
        Cost = r.GetDouble(10),
        Priority = (int)r.GetInt64(11),
        Owner = Owner(r, 12),
        Fingerprint = Text(r, 13),
        ErrorCode = Text(r, 14),
        Message = Text(r, 15),
        Note = Text(r, 16),
        IsRunning = r.GetInt32(17) != 0,
        Losses = (int)r.GetInt64(18),
        Seq = r.GetInt64(19),
    };

    private static JobRecord ReadWithPayload(DbDataReader r) => ReadRecord(r) with { Payload = Bytes(r, 20) };

    private static JobRecord ReadWhole(DbDataReader r) => ReadWithPayload(r) with { Result = Bytes(r, 21) };

    private static string? Owner(DbDataReader r, int column) => r.GetString(column) is { Length: > 0 } owner ? owner : null;

    private static string? Text(DbDataReader r, int column) => r.IsDBNull(column) ? null : r.GetString(column);

    private static int? Number(DbDataReader r, int column) => r.IsDBNull(column) ? null : (int)r.GetInt64(column);

    private static DateTimeOffset? Time(DbDataReader r, int column) => r.IsDBNull(column) ? null : DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(column));

    private static ReadOnlyMemory<byte> Bytes(DbDataReader r, int column) => r.IsDBNull(column) ? default : r.GetFieldValue<byte[]>(column);
}
