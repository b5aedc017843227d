using System.Collections;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Execution;

/// <summary>Calls a node's method for each element of its input lists and puts the results together.</summary>
/// <param name="node">The node's class.</param>
/// <param name="target">The instance; null for a static method.</param>
/// <param name="inputs">The inputs.</param>
/// <param name="context">The context of each call, by its number.</param>
/// <param name="report">Told the message of a block that has one.</param>
/// <param name="services">What the run may take.</param>
internal sealed class NodeCalls(
    NodeDescriptor node, object? target, NodeInputs inputs, Func<int, NodeContext> context, Action<string> report, ExecutionServices services)
{
    /// <summary>The names of lazy inputs that the node needs and has not got.</summary>
    public IReadOnlyList<string> NeededInputs()
    {
        if (node.Needs is not { } method)
        {
            return [];
        }

        var needed = new List<string>();
        foreach (var call in Calls())
        {
            context(call).Interrupted.ThrowIfCancellationRequested();
            if (BlockOf(call) is not null)
            {
                continue;
            }

            var values = inputs.Names.ToDictionary(n => n, n => Value(n, call), StringComparer.Ordinal);
            if (NamedCall.Invoke(method, values, context(call), target) is IEnumerable<string> names)
            {
                needed.AddRange(names);
            }
        }

        return [.. needed.Distinct(StringComparer.Ordinal).Where(inputs.IsMissing)];
    }

    /// <summary>Runs the node.</summary>
    public IReadOnlyList<CallResult> Run()
    {
        services.Limits.CheckList(inputs.Calls);
        var results = new List<CallResult>();
        foreach (var call in Calls())
        {
            var own = context(call);
            own.Interrupted.ThrowIfCancellationRequested();
            results.Add(BlockOf(call) is { } block ? Skipped(block) : Called(call, own));
        }

        return results;
    }

    private CallResult Called(int call, NodeContext own)
    {
        services.Gate.Ask(node, inputs.Names.Select(name => KeyValuePair.Create(name, Value(name, call))), own);
        var result = Split(node.Call.Invoke(target, Arguments(call), own));
        services.Gate.AskForTexts(node.Name, result.Values);
        return result;
    }

    /// <summary>For each output, the values of all calls; an output that is a list joins the lists.</summary>
    /// <exception cref="NodeException">A list or a text is longer than the limits allow.</exception>
    public static IReadOnlyList<IReadOnlyList<object?>> Merge(NodeDescriptor node, IReadOnlyList<IReadOnlyList<object?>> calls, RunLimits limits)
    {
        var slots = new List<IReadOnlyList<object?>>(node.Outputs.Count);
        for (var slot = 0; slot < node.Outputs.Count; slot++)
        {
            var values = new List<object?>();
            foreach (var call in calls.Where(c => slot < c.Count))
            {
                if (node.Outputs[slot].IsList && call[slot] is IEnumerable list and not string)
                {
                    values.AddRange(list.Cast<object?>().Select(Unblocked));
                }
                else
                {
                    values.Add(call[slot]);
                }

                limits.CheckList(values.Count);
            }

            limits.CheckText(values.Max(static v => v is string text ? (long?)text.Length : null) ?? 0);

            slots.Add(values);
        }

        return slots;
    }

    /// <summary>What all calls showed: the lists of each key of the first, joined; null for nothing.</summary>
    public static JsonObject? MergeUi(IEnumerable<CallResult> results)
    {
        var shown = results.Where(r => r.Ui is not null).Select(r => r.Ui!).ToList();
        if (shown.Count == 0 || shown[0].Count == 0)
        {
            return null;
        }

        return new JsonObject(shown[0].Select(first => KeyValuePair.Create(
            first.Key,
            (JsonNode?)new JsonArray([.. shown.SelectMany(ui => ui[first.Key]?.AsArray() ?? []).Select(v => v?.DeepClone())]))));
    }

    private IEnumerable<int> Calls() => node.Node.InputIsList ? [0] : Enumerable.Range(0, Math.Max(1, inputs.Calls));

    private object? Value(string name, int call)
    {
        if (node.Node.InputIsList && node.InputsByName[name] is { Hidden: null } input)
        {
            return inputs.IsMissing(name) ? null : ArgumentBinder.BindList(inputs.Of(name)!, input.ClrType);
        }

        inputs.TryGet(name, call, out var value);
        return value;
    }

    private Blocked? BlockOf(int call)
    {
        var values = node.Node.InputIsList ? inputs.Names.SelectMany(n => inputs.Of(n)!) : inputs.Names.Select(n => Value(n, call));
        return values.FirstOrDefault(v => v is Blocked) as Blocked?;
    }

    private CallResult Skipped(Blocked block)
    {
        if (block.Message is not null)
        {
            report(block.Message);
        }

        return new CallResult([.. node.Outputs.Select(_ => (object?)new Blocked())], null, null);
    }

    private object?[] Arguments(int call)
    {
        var arguments = new object?[node.Call.Parameters.Length];
        foreach (var input in node.Inputs)
        {
            arguments[input.Parameter] = Argument(input, call);
        }

        return arguments;
    }

    private object? Argument(NodeInput input, int call)
    {
        if (inputs.Of(input.Name) is not { } list)
        {
            return input.IsOptional ? input.Absent : throw new NodeException("TypeError", $"{node.Name} is missing its required input: '{input.Name}'");
        }

        if (node.Node.InputIsList && input.Hidden is null)
        {
            return ArgumentBinder.BindList(list, input.ClrType);
        }

        inputs.TryGet(input.Name, call, out var value);
        var isUnresolved = value is null && input.IsLazy;
        return isUnresolved ? ArgumentBinder.BindOrDefault(null, input.ClrType) : ArgumentBinder.Bind(value, input.ClrType);
    }

    private CallResult Split(object? result)
    {
        if (result is IExpansion expansion)
        {
            return new CallResult([.. expansion.Results.Select(Unblocked)], null, expansion.Graph);
        }

        var parts = result is ITuple tuple && node.Shape.IsTuple ? [.. Enumerable.Range(0, tuple.Length).Select(i => tuple[i])] : (object?[])[result];
        var ui = node.Shape.Ui >= 0 ? (parts[node.Shape.Ui] as Ui)?.Content : null;
        return new CallResult([.. node.Shape.Outputs.Select(place => Unblocked(parts[place]))], ui, null);
    }

    private static object? Unblocked(object? value) =>
        value is IBlockable slot ? slot.IsBlocked ? new Blocked(slot.Message) : slot.Value : value;
}
