using System.Reflection;

namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>All that the engine knows about a node class, read from its method.</summary>
internal sealed class NodeDescriptor
{
    /// <summary>The attribute.</summary>
    public required NodeAttribute Node { get; init; }

    /// <summary>The <c>class_type</c>.</summary>
    public string Name => Node.Name;

    /// <summary>The form of the <c>/object_info</c> entry.</summary>
    public required NodeSchema Schema { get; init; }

    /// <summary>The module that ComfyUI lists.</summary>
    public required string Module { get; init; }

    /// <summary>The method that runs.</summary>
    public required MethodInfo Method { get; init; }

    /// <summary>Inputs in order, hidden ones too.</summary>
    public required IReadOnlyList<NodeInput> Inputs { get; init; }

    /// <summary>Inputs by name.</summary>
    public required IReadOnlyDictionary<string, NodeInput> InputsByName { get; init; }

    /// <summary>Outputs in order.</summary>
    public required IReadOnlyList<NodeOutput> Outputs { get; init; }

    /// <summary>Where the parts of the method's result go.</summary>
    public required ResultShape Shape { get; init; }

    /// <summary>Calls the method.</summary>
    public required MethodCall Call { get; init; }

    /// <summary>Checks literals; null where the node has no check of its own.</summary>
    public MethodCall? Validate { get; init; }

    /// <summary>Names outside state; null where the node depends on its inputs alone.</summary>
    public MethodCall? IsChanged { get; init; }

    /// <summary>Says which lazy inputs are needed; null where the node has none.</summary>
    public MethodCall? Needs { get; init; }

    /// <summary>Says how much memory a call takes; null where that follows from its inputs.</summary>
    public MethodCall? Memory { get; init; }

    /// <summary>Whether the result depends on the node's id.</summary>
    public bool DependsOnId => Node.NotIdempotent || Inputs.Any(i => i.Hidden == HiddenInput.UniqueId);
}
