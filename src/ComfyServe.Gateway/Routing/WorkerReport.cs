namespace ComfyServe.Gateway.Routing;

/// <summary>The part of a worker's report that concerns its load.</summary>
/// <param name="WorkerId">The worker.</param>
/// <param name="Load">Load that runs or is queued there.</param>
/// <param name="Working">Requests that run or are queued there, or null if the worker does not say.</param>
/// <param name="BootId">The start of the worker that reports, or null if it does not say.</param>
/// <param name="Sequence">Number of the report since that start.</param>
/// <param name="Sessions">Those of <paramref name="Working"/> that are open sessions, or null.</param>
internal readonly record struct WorkerReport(
    long WorkerId, double Load, IReadOnlyList<long>? Working, string? BootId = null, long Sequence = 0, IReadOnlyList<long>? Sessions = null);
