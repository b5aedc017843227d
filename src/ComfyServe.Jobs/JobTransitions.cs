namespace ComfyServe.Jobs;

/// <summary>The transitions that a job may make. Terminal states have none.</summary>
public static class JobTransitions
{
    /// <summary>Whether a job may go from <paramref name="from"/> to <paramref name="to"/>.</summary>
    public static bool IsAllowed(JobState from, JobState to) => (from, to) switch
    {
        (JobState.Waiting, JobState.Leased) => true,
        (JobState.Waiting, JobState.Failed or JobState.Cancelled) => true,
        (JobState.Leased, JobState.Waiting) => true,
        (JobState.Leased, JobState.Completed or JobState.Failed or JobState.Cancelled) => true,
        _ => false,
    };

    /// <summary>Whether a job in <paramref name="state"/> never changes again.</summary>
    public static bool IsTerminal(JobState state) => state >= JobState.Completed;
}
