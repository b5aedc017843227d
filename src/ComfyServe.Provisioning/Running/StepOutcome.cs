namespace ComfyServe.Provisioning.Running;

/// <summary>What became of one wish.</summary>
public enum StepOutcome
{
    /// <summary>It was done now.</summary>
    Done,

    /// <summary>It was right already; nothing was done.</summary>
    AlreadyRight,

    /// <summary>It is not right; with <c>--check</c> nothing is done about it.</summary>
    Wanted,

    /// <summary>Its condition does not hold.</summary>
    Skipped,

    /// <summary>It was not tried, because what comes before it failed.</summary>
    NotTried,

    /// <summary>It failed; the message says why.</summary>
    Failed,
}
