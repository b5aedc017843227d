using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>All node classes of some assemblies, by name.</summary>
internal sealed class NodeCatalogue
{
    private readonly Dictionary<string, NodeDescriptor> _nodes = new(StringComparer.Ordinal);

    /// <summary>Finds the nodes.</summary>
    /// <param name="assemblies">Ours first; a later assembly's node replaces an earlier one's of the same name.</param>
    public NodeCatalogue(IReadOnlyList<Assembly> assemblies)
    {
        var reader = new NodeReader(new NodeTypes(assemblies));
        foreach (var node in assemblies.SelectMany(reader.ReadAll))
        {
            _nodes[node.Name] = node;
        }
    }

    /// <summary>The nodes that come with the engine.</summary>
    public static NodeCatalogue BuiltIn { get; } = new([typeof(NodeCatalogue).Assembly]);

    /// <summary>All nodes.</summary>
    public IReadOnlyCollection<NodeDescriptor> Nodes => _nodes.Values;

    /// <summary>Finds a node class.</summary>
    public bool TryGet(string name, [MaybeNullWhen(false)] out NodeDescriptor node) => _nodes.TryGetValue(name, out node);
}
