namespace ComfyServe.Jobs;

/// <summary>A job as the ledger has it.</summary>
public sealed record JobRecord
{
    /// <summary>Id, unique for its owner.</summary>
    public required string Id { get; init; }

    /// <summary>Owner and id.</summary>
    public JobKey Key => new(Owner, Id);

    /// <summary>Queue.</summary>
    public required string Queue { get; init; }

    /// <summary>State.</summary>
    public required JobState State { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset Accepted { get; init; }

    /// <summary>When it reached its terminal state.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>Runs that have begun so far. Waiting is no attempt, however often processes restart meanwhile.</summary>
    public required int Attempts { get; init; }

    /// <summary>Runs allowed.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>Whether a run is going now, or was when the holder died.</summary>
    public bool IsRunning { get; init; }

    /// <summary>Runs that were going when their holder died.</summary>
    public int Losses { get; init; }

    /// <summary>Whether it has been running so often when a process died that it must be taken for the cause.</summary>
    public bool IsSuspect => Losses >= JobLedger.MaxLosses;

    /// <summary>Fence of the current or last lease.</summary>
    public required long Epoch { get; init; }

    /// <summary>Who holds the lease, if anybody.</summary>
    public string? Holder { get; init; }

    /// <summary>When the lease ends.</summary>
    public DateTimeOffset? LeaseExpires { get; init; }

    /// <summary>Load units.</summary>
    public double Cost { get; init; }

    /// <summary>Priority.</summary>
    public int Priority { get; init; }

    /// <summary>Whom it belongs to; null where keys are not asked for.</summary>
    public string? Owner { get; init; }

    /// <summary>Hash of the request.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Why it did not complete; the last attempt's reason while it waits.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>For people.</summary>
    public string? Message { get; init; }

    /// <summary>What the last holder noted.</summary>
    public string? Note { get; init; }

    /// <summary>What to do; empty in lists.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>What came of it; empty before the end and in lists.</summary>
    public ReadOnlyMemory<byte> Result { get; init; }

    /// <summary>The row.</summary>
    internal long Seq { get; init; }
}
