using System.Text.Json;

namespace ComfyServe.Api.Engines.Catalogue;

/// <summary>What an engine's <c>/object_info</c> says about its nodes, as far as requests are checked against it.</summary>
internal sealed class NodeCatalogue
{
    private readonly Dictionary<string, NodeClass> _classes = new(StringComparer.Ordinal);

    private NodeCatalogue()
    {
    }

    /// <summary>Names of all classes.</summary>
    public IReadOnlyCollection<string> Names => _classes.Keys;

    /// <summary>A class, or null.</summary>
    public NodeClass? Find(string name) => _classes.GetValueOrDefault(name);

    /// <summary>Reads an engine's answer. Classes and inputs in forms that are not known are kept without details.</summary>
    public static NodeCatalogue Read(JsonElement root)
    {
        var catalogue = new NodeCatalogue();
        if (root.ValueKind != JsonValueKind.Object)
        {
            return catalogue;
        }

        foreach (var node in root.EnumerateObject())
        {
            if (node.Value.ValueKind == JsonValueKind.Object)
            {
                catalogue._classes[node.Name] = NodeClass.Read(node.Name, node.Value);
            }
        }

        return catalogue;
    }
}
