namespace ComfyServe.Workflows.Signatures;

/// <summary>
/// What a node's result depends on, as a number: equal signatures have equal results. The first half of a SHA-256.
/// </summary>
/// <param name="Value">The number.</param>
public readonly record struct Signature(UInt128 Value);
