namespace ComfyServe.Jobs;

/// <summary>Where a job stands in the ledger.</summary>
public enum JobState
{
    /// <summary>Accepted; nobody works on it.</summary>
    Waiting = 0,

    /// <summary>Somebody holds a lease on it.</summary>
    Leased = 1,

    /// <summary>Terminal: it ended well.</summary>
    Completed = 2,

    /// <summary>Terminal: it failed, or was tried as often as allowed.</summary>
    Failed = 3,

    /// <summary>Terminal: it was cancelled.</summary>
    Cancelled = 4,
}
