namespace ComfyServe.Api.Engines;

/// <summary>One step of a node.</summary>
/// <param name="Time">Seconds since the run was watched.</param>
/// <param name="Value">Steps done.</param>
/// <param name="Max">Steps in all.</param>
internal readonly record struct RunProgress(double Time, double Value, double Max);
