using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Nodes.Sampling;

/// <summary>The noise levels that a run visits, in their order.</summary>
/// <param name="Values">May be empty: then nothing is to be done.</param>
[NodeType("SIGMAS")]
public sealed record Sigmas(IReadOnlyList<float> Values);
