namespace ComfyServe.Jobs;

/// <summary>The right to one attempt at a job. A holder whose epoch is no longer the job's has lost it and can change nothing.</summary>
public sealed record JobLease
{
    /// <summary>The job.</summary>
    public required JobKey Key { get; init; }

    /// <summary>The job's id.</summary>
    public string JobId => Key.Id;

    /// <summary>Its queue.</summary>
    public required string Queue { get; init; }

    /// <summary>Who holds the lease.</summary>
    public required string Holder { get; init; }

    /// <summary>Grows with each lease of the job: the fence.</summary>
    public required long Epoch { get; init; }

    /// <summary>Number of the run that is to begin, from 1: those that began under earlier leases have lower ones.</summary>
    public required int Attempt { get; init; }

    /// <summary>Runs that were going when their holder died.</summary>
    public int Losses { get; init; }

    /// <summary>When it ends unless renewed.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>What to do.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>When the job was accepted.</summary>
    public required DateTimeOffset Accepted { get; init; }

    /// <summary>Load units.</summary>
    public double Cost { get; init; }

    /// <summary>Hash of the request.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>What the last holder noted, or null.</summary>
    public string? Note { get; init; }

    /// <summary>The row: a job that replaced another of the same key is not the one that was leased.</summary>
    internal long Seq { get; init; }
}
