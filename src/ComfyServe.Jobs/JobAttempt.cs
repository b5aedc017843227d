namespace ComfyServe.Jobs;

/// <summary>One lease of a job, for its history.</summary>
/// <param name="Attempt">Number, from 1.</param>
/// <param name="Holder">Who held it.</param>
/// <param name="Started">When it was given.</param>
/// <param name="Ended">When it ended, if it has.</param>
/// <param name="Outcome">How it ended, for example <c>completed</c>, <c>released</c>, <c>expired</c>.</param>
/// <param name="Note">What the holder noted.</param>
public sealed record JobAttempt(int Attempt, string Holder, DateTimeOffset Started, DateTimeOffset? Ended, string? Outcome, string? Note);
