using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Jobs;

/// <summary>What became of a request.</summary>
/// <param name="Job">The job: a new one, or the earlier one that the request repeats; null when it was refused.</param>
/// <param name="Refusal">Why it was refused.</param>
internal readonly record struct Acceptance(Job? Job, JobErrorCode? Refusal)
{
    /// <summary>A refusal.</summary>
    public static Acceptance Refused(JobErrorCode reason) => new(null, reason);
}
