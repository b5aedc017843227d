using System.Reflection;
using System.Runtime.CompilerServices;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>Reads a method with a <see cref="NodeAttribute"/> into a descriptor.</summary>
internal sealed class NodeReader(NodeTypes types)
{
    private const BindingFlags AnyMethod =
        BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>All nodes of an assembly, in the order of their classes and methods.</summary>
    public IEnumerable<NodeDescriptor> ReadAll(Assembly assembly) =>
        from type in assembly.GetTypes()
        where !type.IsGenericTypeDefinition
        from method in type.GetMethods(AnyMethod)
        let node = method.GetCustomAttribute<NodeAttribute>()
        where node is not null
        select Read(method, node);

    /// <summary>One node.</summary>
    /// <exception cref="InvalidOperationException">The method's types or named methods do not fit; the message says where.</exception>
    public NodeDescriptor Read(MethodInfo method, NodeAttribute node)
    {
        try
        {
            return ReadParts(method, node);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidOperationException($"node '{node.Name}' ({method.DeclaringType}.{method.Name}): {e.Message}", e);
        }
    }

    private NodeDescriptor ReadParts(MethodInfo method, NodeAttribute node)
    {
        var owner = method.DeclaringType!;
        var family = owner.GetCustomAttribute<NodeFamilyAttribute>();
        var schema = node.Schema != NodeSchema.Inherit ? node.Schema : family?.Schema ?? NodeSchema.V1;
        var inputs = method.GetParameters().Where(p => !IsService(p)).Select(p => ReadInput(p, node, schema)).ToList();
        var (outputs, shape) = ReadOutputs(method);
        return new NodeDescriptor
        {
            Node = node,
            Schema = schema,
            Module = node.Module ?? family?.Module ?? DefaultModule(owner.Assembly),
            Method = method,
            Inputs = inputs,
            InputsByName = inputs.ToDictionary(i => i.Name, StringComparer.Ordinal),
            Outputs = outputs,
            Shape = shape,
            Call = new MethodCall(method, InputName),
            Validate = Named(owner, node.Validate),
            IsChanged = Named(owner, node.IsChanged),
            Needs = Named(owner, node.Needs),
            Memory = Named(node.MemorySource ?? owner, node.Memory),
        };
    }

    private static string DefaultModule(Assembly assembly) =>
        assembly == typeof(NodeReader).Assembly ? "nodes" : $"custom_nodes.{assembly.GetName().Name}";

    private static bool IsService(ParameterInfo parameter) => parameter.ParameterType == typeof(NodeContext);

    private static string InputName(ParameterInfo parameter) =>
        parameter.GetCustomAttribute<InputAttribute>()?.Name ?? parameter.Name!;

    private static MethodCall? Named(Type owner, string? name)
    {
        if (name is null)
        {
            return null;
        }

        var method = owner.GetMethod(name, AnyMethod) ?? throw new InvalidOperationException($"'{owner}' has no method '{name}'");
        return new MethodCall(method, InputName);
    }

    private NodeInput ReadInput(ParameterInfo parameter, NodeAttribute node, NodeSchema schema)
    {
        var attribute = parameter.GetCustomAttribute<InputAttribute>();
        var hidden = parameter.GetCustomAttribute<HiddenAttribute>();
        var clr = parameter.ParameterType;
        if (node.InputIsList && hidden is null)
        {
            clr = NodeTypes.ElementOf(clr) ?? throw new InvalidOperationException($"'{parameter.Name}' must be an IReadOnlyList<T>, since the node takes lists");
        }

        var choices = ReadChoices(parameter);
        var type = hidden is not null ? HiddenName(hidden.Kind)
            : attribute?.Type ?? (choices is not null ? "COMBO" : types.NameOf(clr));
        return new NodeInput
        {
            Name = InputName(parameter),
            Type = type,
            ClrType = clr,
            Parameter = parameter.Position,
            IsOptional = parameter.HasDefaultValue && hidden is null,
            Absent = parameter.HasDefaultValue ? parameter.DefaultValue : null,
            Hidden = hidden?.Kind,
            IsLazy = attribute?.Lazy ?? false,
            Choices = choices,
            IsNamedCombo = attribute?.Type == "COMBO",
            HasOptionsObject = attribute is not null,
            IsScanned = parameter.GetCustomAttribute<ChoicesAttribute>() is null,
            Options = InputOptions.Read(attribute, type, schema),
        };
    }

    internal static string HiddenName(HiddenInput kind) => kind switch
    {
        HiddenInput.Prompt => "PROMPT",
        HiddenInput.ExtraPngInfo => "EXTRA_PNGINFO",
        HiddenInput.UniqueId => "UNIQUE_ID",
        _ => "DYNPROMPT",
    };

    private static Func<EngineFolders, IReadOnlyList<string>>? ReadChoices(ParameterInfo parameter)
    {
        if (parameter.GetCustomAttribute<ChoicesAttribute>() is { } list)
        {
            return _ => list.Values;
        }

        if (parameter.GetCustomAttribute<ModelFilesAttribute>() is { } files)
        {
            return folders => folders.ListModels(files.Folder);
        }

        if (parameter.GetCustomAttribute<ChoicesFromAttribute>() is not { } from)
        {
            return null;
        }

        var source = from.Source ?? parameter.Member.DeclaringType!;
        var method = source.GetMethod(from.Method, AnyMethod)
            ?? throw new InvalidOperationException($"'{source}' has no method '{from.Method}' for the choices of '{parameter.Name}'");
        var takesFolders = method.GetParameters().Length == 1;
        return folders => [.. (IEnumerable<string>)method.Invoke(null, takesFolders ? [folders] : [])!];
    }

    private (IReadOnlyList<NodeOutput> Outputs, ResultShape Shape) ReadOutputs(MethodInfo method)
    {
        var result = method.ReturnType;
        if (result.IsGenericType && result.GetGenericTypeDefinition() == typeof(Expansion<>))
        {
            result = result.GetGenericArguments()[0];
        }

        var isTuple = typeof(ITuple).IsAssignableFrom(result);
        var parts = isTuple ? result.GetGenericArguments() : result == typeof(void) ? [] : [result];
        var ui = Array.IndexOf(parts, typeof(Ui));
        var tupleNames = method.ReturnParameter.GetCustomAttribute<TupleElementNamesAttribute>()?.TransformNames;
        var named = method.GetCustomAttribute<OutputsAttribute>();
        var places = Enumerable.Range(0, parts.Length).Where(i => i != ui).ToList();
        var outputs = places.Select((place, slot) =>
        {
            var element = NodeTypes.ElementOf(parts[place]);
            var type = types.NameOf(element ?? NodeTypes.Unblocked(parts[place]));
            var name = named?.Names.ElementAtOrDefault(slot) ?? (isTuple ? tupleNames?.ElementAtOrDefault(place) : null) ?? type;
            return new NodeOutput(type, name, named?.Tooltips.ElementAtOrDefault(slot), element is not null);
        }).ToList();
        return (outputs, new ResultShape(places, ui, isTuple));
    }
}
