namespace ComfyServe.Cli.Run;

/// <summary>An output and where it was saved.</summary>
/// <param name="Filename">The name that the workflow gave it.</param>
/// <param name="NodeId">The node that produced it.</param>
/// <param name="Path">The file on this machine; null when it was not saved.</param>
/// <param name="Url">Where the object store has it, signed; null when it was not stored.</param>
/// <param name="Problem">Why it was not saved.</param>
internal sealed record SavedOutput(string Filename, string NodeId, string? Path, string? Url, string? Problem);
