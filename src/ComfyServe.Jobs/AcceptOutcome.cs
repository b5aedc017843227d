namespace ComfyServe.Jobs;

/// <summary>What became of a job to accept.</summary>
public enum AcceptOutcome
{
    /// <summary>It is on disk.</summary>
    Accepted,

    /// <summary>The idempotency key is known with the same fingerprint: the earlier job stands.</summary>
    Repeated,

    /// <summary>The idempotency key is known with another fingerprint.</summary>
    KeyConflict,

    /// <summary>The owner has a job of this id that is not finished, or that must not be replaced.</summary>
    IdTaken,
}
