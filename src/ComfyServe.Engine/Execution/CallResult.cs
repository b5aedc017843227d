using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Execution;

/// <summary>What one call of a node's method gave.</summary>
/// <param name="Values">One for each output; a <see cref="Nodes.Values.NodeLink"/> names an output of <paramref name="Graph"/>.</param>
/// <param name="Ui">What it showed; null for nothing.</param>
/// <param name="Graph">More nodes; null where the values are the result.</param>
internal sealed record CallResult(IReadOnlyList<object?> Values, JsonObject? Ui, JsonObject? Graph);
