using System.Numerics;
using System.Reflection;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>The type string of each class that a node may take or return.</summary>
internal sealed class NodeTypes
{
    private readonly Dictionary<Type, string> _names = new()
    {
        [typeof(int)] = "INT",
        [typeof(long)] = "INT",
        [typeof(ulong)] = "INT",
        [typeof(BigInteger)] = "INT",
        [typeof(double)] = "FLOAT",
        [typeof(string)] = "STRING",
        [typeof(bool)] = "BOOLEAN",
        [typeof(object)] = "*",
    };

    /// <summary>Reads the <see cref="NodeTypeForAttribute"/>s of the assemblies.</summary>
    public NodeTypes(IEnumerable<Assembly> assemblies)
    {
        foreach (var mapping in assemblies.SelectMany(a => a.GetCustomAttributes<NodeTypeForAttribute>()))
        {
            _names[mapping.Type] = mapping.Name;
        }
    }

    /// <summary>The type string of a class.</summary>
    /// <exception cref="InvalidOperationException">The class has none.</exception>
    public string NameOf(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (_names.TryGetValue(type, out var name))
        {
            return name;
        }

        return type.GetCustomAttribute<NodeTypeAttribute>()?.Name
            ?? throw new InvalidOperationException($"'{type}' has no ComfyUI type: give it [NodeType(\"…\")], or its assembly [assembly: NodeTypeFor(typeof({type.Name}), \"…\")]");
    }

    /// <summary>The element where the type is a list; null otherwise.</summary>
    public static Type? ElementOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    /// <summary>The type within a <see cref="Blockable{T}"/>; the type itself otherwise.</summary>
    public static Type Unblocked(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Blockable<>) ? type.GetGenericArguments()[0] : type;
}
