using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Execution;

/// <summary>A node of a running prompt.</summary>
/// <param name="Place">Its ids.</param>
/// <param name="Class">Its class.</param>
/// <param name="Inputs">Literals and links.</param>
/// <param name="Entry">The node as written.</param>
internal sealed record GraphNode(NodePlace Place, NodeDescriptor Class, JsonObject Inputs, JsonObject Entry)
{
    /// <summary>The node's id.</summary>
    public string Id => Place.NodeId;
}
