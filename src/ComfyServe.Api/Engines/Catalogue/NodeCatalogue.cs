using System.Collections.Concurrent;
using System.Text.Json;
using ComfyServe.Api.Owners;

namespace ComfyServe.Api.Engines.Catalogue;

/// <summary>What an engine's <c>/object_info</c> says about its nodes, as far as requests are checked against it.</summary>
internal sealed class NodeCatalogue
{
    private readonly Dictionary<string, NodeClass> _classes;
    private readonly OwnerFiles? _files;
    private readonly ConcurrentDictionary<string, NodeClass> _own = new(StringComparer.Ordinal);

    private NodeCatalogue(Dictionary<string, NodeClass> classes, OwnerFiles? files) => (_classes, _files) = (classes, files);

    /// <summary>Names of all classes.</summary>
    public IReadOnlyCollection<string> Names => _classes.Keys;

    /// <summary>A class, or null.</summary>
    public NodeClass? Find(string name) => _classes.GetValueOrDefault(name) is { } found ? _files is null ? found : _own.GetOrAdd(name, static (_, made) => made.Found.For(made.Files), (Found: found, Files: _files)) : null;

    /// <summary>The nodes as an owner may see them: without files of others among the choices. Without an owner, as they are.</summary>
    public NodeCatalogue For(OwnerFiles? files) => files is null ? this : new(_classes, files);

    /// <summary>Reads an engine's answer. Classes and inputs in forms that are not known are kept without details.</summary>
    public static NodeCatalogue Read(JsonElement root)
    {
        var catalogue = new NodeCatalogue(new(StringComparer.Ordinal), files: null);
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
