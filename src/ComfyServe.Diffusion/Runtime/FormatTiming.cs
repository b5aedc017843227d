namespace ComfyServe.Diffusion.Runtime;

/// <summary>What the trial of a number format found.</summary>
/// <param name="Format">The format.</param>
/// <param name="Time">The shortest time of a forward pass of the trial's network; null where the format was given up early, as several times slower than another.</param>
/// <param name="IsRight">Whether the result was near that of fp32, and no kernel was found to compute wrong.</param>
internal sealed record FormatTiming(ComputeFormat Format, TimeSpan? Time, bool IsRight);
