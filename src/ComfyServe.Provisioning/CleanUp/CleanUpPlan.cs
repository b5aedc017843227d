namespace ComfyServe.Provisioning.CleanUp;

/// <summary>What to delete.</summary>
/// <param name="Deletions">Files, in the order in which they go.</param>
/// <param name="FreeAfter">Bytes that are free then.</param>
/// <param name="Reached">Enough is free then: nothing had to be done, or the high mark is reached.</param>
public sealed record CleanUpPlan(IReadOnlyList<StoredFile> Deletions, long FreeAfter, bool Reached);
