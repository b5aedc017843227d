namespace ComfyServe.Jobs.Tests;

public sealed class JobTransitionsTests
{
    [Fact]
    public void TerminalStates_LeadNowhere()
    {
        foreach (var from in Enum.GetValues<JobState>().Where(JobTransitions.IsTerminal))
        {
            Assert.All(Enum.GetValues<JobState>(), to => Assert.False(JobTransitions.IsAllowed(from, to)));
        }
    }

    [Fact]
    public void WaitingJob_CannotCompleteWithoutALease() => Assert.False(JobTransitions.IsAllowed(JobState.Waiting, JobState.Completed));
}
