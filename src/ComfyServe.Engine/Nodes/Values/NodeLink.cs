namespace ComfyServe.Engine.Nodes.Values;

/// <summary>An output of a node.</summary>
/// <param name="NodeId">The node's id.</param>
/// <param name="Slot">The output, from 0.</param>
public readonly record struct NodeLink(string NodeId, int Slot);
