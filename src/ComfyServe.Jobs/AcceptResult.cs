namespace ComfyServe.Jobs;

/// <summary>The answer to <see cref="JobLedger.AcceptAsync(NewJob)"/>.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="JobId">The job that stands: the new one, or the earlier one.</param>
/// <param name="Lease">The first lease, where one was asked for and given.</param>
public sealed record AcceptResult(AcceptOutcome Outcome, string JobId, JobLease? Lease);
