namespace ComfyServe.Gateway.Routing;

/// <summary>One call for a worker.</summary>
/// <param name="RequestIdx">0 for a new request.</param>
/// <param name="Cost">Load units.</param>
/// <param name="Hold">How long the call may be held, in milliseconds.</param>
/// <param name="ReplayTimeout">How long the request keeps its place without being asked for, in milliseconds.</param>
/// <param name="Trusted">A caller inside the gateway, which paces its retries itself.</param>
/// <param name="Avoid">A worker that failed the request before this gateway knew it; 0 for none.</param>
/// <param name="Key">Stands for the caller's key; empty for the gateway itself.</param>
internal readonly record struct RouteCall(long RequestIdx, double Cost, long Hold, long ReplayTimeout, bool Trusted = false, long Avoid = 0, string Key = "");
