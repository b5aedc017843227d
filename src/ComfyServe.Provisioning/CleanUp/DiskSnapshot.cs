namespace ComfyServe.Provisioning.CleanUp;

/// <summary>One file system as clean-up found it.</summary>
/// <param name="Now">The time.</param>
/// <param name="Free">Bytes that are free.</param>
/// <param name="Files">What may be deleted.</param>
/// <param name="Live">What jobs need; null where that is not known, and then only old files go.</param>
public sealed record DiskSnapshot(DateTimeOffset Now, long Free, IReadOnlyList<StoredFile> Files, LiveFiles? Live);
