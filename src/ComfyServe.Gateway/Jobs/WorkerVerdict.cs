namespace ComfyServe.Gateway.Jobs;

/// <summary>What a worker made of a request.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Code">Why it did not complete, a word.</param>
/// <param name="Message">The same for people.</param>
/// <param name="Body">The worker's answer, JSON, or empty.</param>
internal sealed record WorkerVerdict(VerdictKind Kind, string? Code, string Message, ReadOnlyMemory<byte> Body);
