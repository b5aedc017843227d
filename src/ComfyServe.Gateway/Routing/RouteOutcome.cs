namespace ComfyServe.Gateway.Routing;

/// <summary>What routing says to one call: a worker, or wait.</summary>
/// <param name="RequestIdx">The request's index.</param>
/// <param name="Worker">The worker, or null to wait.</param>
/// <param name="Reqnum">The ticket's number at the worker.</param>
/// <param name="Position">Requests ahead, while waiting.</param>
/// <param name="Depth">Requests that wait at the endpoint.</param>
/// <param name="CanServe">Some worker is ready (but full), so that waiting is queueing.</param>
/// <param name="Refused">Milliseconds for which the key gets no ticket because it did not use those that it has; 0 for none.</param>
internal readonly record struct RouteOutcome(long RequestIdx, WorkerRoute? Worker, long Reqnum, int Position, int Depth, bool CanServe, long Refused = 0);
