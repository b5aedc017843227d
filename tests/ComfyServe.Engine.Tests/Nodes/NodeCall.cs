using System.Runtime.CompilerServices;
using System.Text.Json;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Tests.Nodes;

/// <summary>Calls a node of the catalogue by its class name, as the executor does.</summary>
internal sealed class NodeCall(NodeDescriptor node, NodeContext context)
{
    private readonly object? _target = node.Method.IsStatic ? null : Activator.CreateInstance(node.Method.DeclaringType!, nonPublic: true);

    public static NodeContext Context(string root) => new() { Folders = new EngineFolders(root), Models = new ModelCache() };

    public static NodeCall Of(string name, NodeContext context) =>
        NodeCatalogue.BuiltIn.TryGet(name, out var node) ? new NodeCall(node, context) : throw new KeyNotFoundException($"no node '{name}'");

    /// <summary>Parts of the result in order, the <see cref="Ui"/> included.</summary>
    public IReadOnlyList<object?> Run(IReadOnlyDictionary<string, object?> inputs)
    {
        var arguments = node.Call.Parameters.Select(p => p.HasDefaultValue ? p.DefaultValue : null).ToArray();
        foreach (var input in node.Inputs.Where(i => inputs.ContainsKey(i.Name)))
        {
            arguments[input.Parameter] = inputs[input.Name];
        }

        var result = node.Call.Invoke(_target, arguments, context);
        return result is ITuple tuple ? [.. Enumerable.Range(0, tuple.Length).Select(i => tuple[i])] : [result];
    }

    public static object? Literal(JsonElement value, Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type == typeof(long) ? value.GetInt64()
            : type == typeof(ulong) ? value.GetUInt64()
            : type == typeof(double) ? value.GetDouble()
            : type == typeof(bool) ? value.GetBoolean()
            : type == typeof(string) ? value.GetString()
            : throw new NotSupportedException($"no literal of type '{type}'");
    }
}
