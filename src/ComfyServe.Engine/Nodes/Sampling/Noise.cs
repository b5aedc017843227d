using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Nodes.Sampling;

/// <summary>The noise that a run starts from.</summary>
/// <param name="Seed">Chooses it; also of the noise that samplers add on the way.</param>
/// <param name="IsEmpty">True for none.</param>
[NodeType("NOISE")]
public sealed record Noise(ulong Seed, bool IsEmpty = false);
