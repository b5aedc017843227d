namespace ComfyServe.Jobs;

/// <summary>What became of an attempt to change a job.</summary>
public enum FinishOutcome
{
    /// <summary>It is on disk.</summary>
    Done,

    /// <summary>The job has reached a terminal state already; nothing was changed.</summary>
    AlreadyOver,

    /// <summary>The lease was lost: somebody else works on the job now, or it waits again.</summary>
    LeaseLost,

    /// <summary>There is no such job.</summary>
    Unknown,
}
