namespace ComfyServe.Cli.Doctor;

/// <summary>One thing that was checked.</summary>
/// <param name="Area">What kind: libraries, processor, gpu, memory, ports, disk, object store, database, clock.</param>
/// <param name="Level">How it is.</param>
/// <param name="Message">What was found.</param>
/// <param name="Advice">What to do, where something is to be done.</param>
internal sealed record Finding(string Area, FindingLevel Level, string Message, string? Advice = null);
