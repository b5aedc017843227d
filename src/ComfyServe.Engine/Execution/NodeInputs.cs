using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Workflows;

namespace ComfyServe.Engine.Execution;

/// <summary>The inputs of a node as lists: a literal is a list of one, a link the list of the linked output.</summary>
internal sealed class NodeInputs
{
    private const int MostShown = 100;

    private static readonly IReadOnlyList<object?> Nothing = [null];

    private readonly OrderedDictionary<string, IReadOnlyList<object?>> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _missing = new(StringComparer.Ordinal);

    private NodeInputs()
    {
    }

    /// <summary>Number of calls that the lists make.</summary>
    public int Calls => _values.Count == 0 ? 1 : _values.Values.Max(v => v.Count);

    /// <summary>Resolves the inputs of a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="outputs">The outputs of a linked node; null where they are not there or must not be read yet.</param>
    /// <param name="hidden">The value of a hidden input.</param>
    public static NodeInputs Resolve(
        GraphNode node, Func<string, IReadOnlyList<IReadOnlyList<object?>>?> outputs, Func<HiddenInput, object?> hidden)
    {
        var inputs = new NodeInputs();
        foreach (var (name, value) in node.Inputs)
        {
            if (node.Class.InputsByName.TryGetValue(name, out var input) && input.Hidden is null)
            {
                inputs.Add(name, value, outputs);
            }
        }

        foreach (var input in node.Class.Inputs.Where(i => i.Hidden is not null))
        {
            inputs._values[input.Name] = [hidden(input.Hidden!.Value)];
        }

        return inputs;
    }

    /// <summary>The values of an input; null where it was left out.</summary>
    public IReadOnlyList<object?>? Of(string name) => _values.GetValueOrDefault(name);

    /// <summary>The value of an input for one call: a list that is too short repeats its last. False where the input was left out.</summary>
    /// <exception cref="NodeException">The list is empty.</exception>
    public bool TryGet(string name, int call, out object? value)
    {
        value = null;
        if (!_values.TryGetValue(name, out var list))
        {
            return false;
        }

        value = list.Count > 0 ? list[Math.Min(call, list.Count - 1)] : throw new NodeException("IndexError", "list index out of range");
        return true;
    }

    /// <summary>The names of all inputs, hidden ones last.</summary>
    public IEnumerable<string> Names => _values.Keys;

    /// <summary>The input was left out, or its link is not resolved yet.</summary>
    public bool IsMissing(string name) => !_values.ContainsKey(name) || _missing.Contains(name);

    /// <summary>The inputs as an error shows them: of long lists the first values.</summary>
    public JsonObject ToJson() => new(_values.Select(v =>
        KeyValuePair.Create(v.Key, (JsonNode?)new JsonArray([.. v.Value.Take(MostShown).Select(ValueText.Shown)]))));

    private void Add(string name, JsonNode? value, Func<string, IReadOnlyList<IReadOnlyList<object?>>?> outputs)
    {
        if (!WorkflowLink.TryRead(value, out var link))
        {
            _values[name] = [value];
            return;
        }

        var slots = outputs(link.NodeId);
        var slot = slots is not null && link.Slot < 0 ? link.Slot + slots.Count : link.Slot;
        if (slots is not null && slot >= 0 && slot < slots.Count)
        {
            _values[name] = slots[slot];
        }
        else
        {
            _missing.Add(name);
            _values[name] = Nothing;
        }
    }
}
