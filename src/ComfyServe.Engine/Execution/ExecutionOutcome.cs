using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Execution;

/// <summary>How a run ended: what the history keeps.</summary>
/// <param name="StatusText"><c>success</c> or <c>error</c>; an interrupted run is an <c>error</c>.</param>
/// <param name="Completed">Every output ran.</param>
/// <param name="Messages"><c>[type, data]</c> of the start, the cached nodes and the end.</param>
/// <param name="Outputs">What output nodes showed, by node id.</param>
/// <param name="Meta">For each id in <paramref name="Outputs"/>, where the node is in the workflow.</param>
internal sealed record ExecutionOutcome(string StatusText, bool Completed, JsonArray Messages, JsonObject Outputs, JsonObject Meta);
