namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>What all nodes of one class have in common.</summary>
/// <param name="module">The module that ComfyUI lists for these nodes, for example <c>comfy_extras.nodes_mask</c>.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NodeFamilyAttribute(string module) : Attribute
{
    /// <summary>The module that ComfyUI lists for these nodes.</summary>
    public string Module { get; } = module;

    /// <summary>The form of the <c>/object_info</c> entries.</summary>
    public NodeSchema Schema { get; init; } = NodeSchema.V1;
}
