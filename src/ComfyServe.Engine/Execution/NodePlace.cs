namespace ComfyServe.Engine.Execution;

/// <summary>The ids under which clients know a node: a node that an expansion added shows on the node that added it.</summary>
/// <param name="NodeId">The node's own id.</param>
/// <param name="DisplayNodeId">The node that the editor marks.</param>
/// <param name="ParentNodeId">The node whose expansion added it; null for a node of the prompt.</param>
/// <param name="RealNodeId">The node of the prompt that it came from.</param>
internal sealed record NodePlace(string NodeId, string DisplayNodeId, string? ParentNodeId, string RealNodeId);
