namespace ComfyServe.Api.Engines;

/// <summary>The moment at which the engine began a node.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="At">When.</param>
internal readonly record struct NodeStart(string NodeId, DateTimeOffset At);
