namespace ComfyServe.Jobs;

/// <summary>One run of a job, for its history.</summary>
/// <param name="Attempt">Number, from 1.</param>
/// <param name="Holder">Who let it run.</param>
/// <param name="Started">When it began.</param>
/// <param name="Ended">When it ended, if it has.</param>
/// <param name="Outcome">How it ended, for example <c>completed</c>, <c>released</c>, <c>lost</c>.</param>
/// <param name="Note">What the holder noted.</param>
public sealed record JobAttempt(int Attempt, string Holder, DateTimeOffset Started, DateTimeOffset? Ended, string? Outcome, string? Note);
