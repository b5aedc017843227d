using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;

namespace ComfyServe.Api.Requests.Checks;

/// <summary>
/// Checks a workflow against the engine's nodes before it is queued, and reports every mistake with the choices that exist. Only what the engine is sure
/// to refuse is refused here: nodes of extensions may accept values that their description does not list, so those are left to the engine.
/// </summary>
internal sealed class WorkflowCheck
{
    private const int MaxProblems = 50;

    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private readonly List<ValidationProblem> _problems = [];
    private readonly NodeCatalogue _catalogue;

    private WorkflowCheck(NodeCatalogue catalogue) => _catalogue = catalogue;

    /// <summary>Every mistake; empty when there is none.</summary>
    public static IReadOnlyList<ValidationProblem> Run(ReadOnlyMemory<byte> workflow, NodeCatalogue catalogue)
    {
        using var document = JsonDocument.Parse(workflow, new JsonDocumentOptions { MaxDepth = JsonLimits.MaxDepth });
        var check = new WorkflowCheck(catalogue);
        check.ReadNodes(document.RootElement);
        if (check._problems.Count == 0)
        {
            check.CheckReachable();
        }

        return [.. check._problems.Take(MaxProblems)];
    }

    private static object[] At(string id, params object[] rest) => ["body", "input", "workflow_json", id, .. rest];

    private void ReadNodes(JsonElement root)
    {
        foreach (var node in root.EnumerateObject())
        {
            var type = node.Value.GetProperty("class_type").GetString()!;
            if (_catalogue.Find(type) is { } known)
            {
                _nodes[node.Name] = new(known, node.Value.TryGetProperty("inputs", out var inputs) && inputs.ValueKind == JsonValueKind.Object ? inputs : default);
            }
            else
            {
                _problems.Add(new("unknown_node", At(node.Name, "class_type"), $"The engine has no node '{Brief(type)}'{Similar(type)}. Install its extension, or use another node"));
            }
        }
    }

    /// <summary>The engine only looks at nodes that an output needs.</summary>
    private void CheckReachable()
    {
        var outputs = _nodes.Where(n => n.Value.Class.IsOutput).Select(n => n.Key).ToList();
        if (outputs.Count == 0)
        {
            _problems.Add(new("no_outputs", ["body", "input", "workflow_json"], "The workflow has no node that shows or saves anything; add one, for example SaveImage"));
            return;
        }

        var seen = new HashSet<string>(outputs, StringComparer.Ordinal);
        var next = new Queue<string>(outputs);
        while (next.TryDequeue(out var id))
        {
            foreach (var needed in CheckNode(id, _nodes[id]))
            {
                if (seen.Add(needed))
                {
                    next.Enqueue(needed);
                }
            }
        }
    }

    private List<string> CheckNode(string id, Node node)
    {
        var needed = new List<string>();
        foreach (var spec in node.Class.Inputs)
        {
            if (node.Inputs.ValueKind != JsonValueKind.Object || !node.Inputs.TryGetProperty(spec.Name, out var value))
            {
                if (spec.IsRequired && node.Class.IsCore)
                {
                    _problems.Add(new("required_input_missing", At(id, "inputs", spec.Name), $"{node.Class.Name} needs the input '{spec.Name}'"));
                }

                continue;
            }

            if (LinkOf(value) is { } link)
            {
                CheckLink(id, spec, link, needed);
            }
            else if (node.Class.IsCore)
            {
                CheckValue(id, node.Class, spec, value);
            }
        }

        return needed;
    }

    private static (string Id, int Slot)? LinkOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2 && value[0].ValueKind == JsonValueKind.String
        && value[1].ValueKind == JsonValueKind.Number && value[1].TryGetInt32(out var slot)
            ? (value[0].GetString()!, slot)
            : null;

    private void CheckLink(string id, InputSpec spec, (string Id, int Slot) link, List<string> needed)
    {
        if (!_nodes.TryGetValue(link.Id, out var source))
        {
            _problems.Add(new("bad_link", At(id, "inputs", spec.Name), $"The input is connected to node '{Brief(link.Id)}', which the workflow does not have"));
        }
        else if (link.Slot < 0 || link.Slot >= source.Class.Outputs)
        {
            _problems.Add(new("bad_link", At(id, "inputs", spec.Name), $"The input is connected to output {link.Slot} of node '{Brief(link.Id)}' ({source.Class.Name}), which has {source.Class.Outputs}"));
        }
        else
        {
            needed.Add(link.Id);
        }
    }

    private void CheckValue(string id, NodeClass type, InputSpec spec, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String && value.GetRawText().Contains(RandomNumbers.Placeholder, StringComparison.Ordinal))
        {
            return;
        }

        switch (spec.Type)
        {
            case "INT" or "FLOAT":
                CheckNumber(id, type, spec, value);
                break;
            case "COMBO" when spec is { Use: not FileUse.Load, IsMany: false, Choices: { Count: > 0 } choices }:
                CheckChoice(id, type, spec, value, choices);
                break;
        }
    }

    private void CheckNumber(string id, NodeClass type, InputSpec spec, JsonElement value)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()!.Trim() : value.GetRawText();
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return; // Python takes them for 1 and 0.
        }

        if (!decimal.TryParse(text, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var number))
        {
            if (!double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out _))
            {
                _problems.Add(new("invalid_input_type", At(id, "inputs", spec.Name), $"{type.Name} wants a number for '{spec.Name}'"));
            }

            return;
        }

        if (number < spec.Min)
        {
            _problems.Add(new("value_smaller_than_min", At(id, "inputs", spec.Name), $"{type.Name} wants '{spec.Name}' ≥ {spec.Min}, but got {Brief(text)}"));
        }
        else if (number > spec.Max)
        {
            _problems.Add(new("value_bigger_than_max", At(id, "inputs", spec.Name), $"{type.Name} wants '{spec.Name}' ≤ {spec.Max}, but got {Brief(text)}"));
        }
    }

    private void CheckChoice(string id, NodeClass type, InputSpec spec, JsonElement value, IReadOnlyList<string> choices)
    {
        const int Shown = 20;
        if (value.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
        {
            return;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        if (!choices.Contains(text, StringComparer.Ordinal))
        {
            var more = choices.Count > Shown ? $" and {choices.Count - Shown} more" : "";
            _problems.Add(new("value_not_in_list", At(id, "inputs", spec.Name), $"{type.Name} has no choice '{Brief(text)}' for '{spec.Name}'; there are: {string.Join(", ", choices.Take(Shown))}{more}"));
        }
    }

    private string Similar(string type)
    {
        var similar = _catalogue.Names.Where(n => n.Equals(type, StringComparison.OrdinalIgnoreCase) || (type.Length > 4 && n.StartsWith(type, StringComparison.OrdinalIgnoreCase))).Take(3).ToList();
        return similar.Count == 0 ? "" : $" (there is {string.Join(", ", similar)})";
    }

    private static string Brief(string text) => text.Length <= 64 ? text : text[..64] + "…";

    private sealed record Node(NodeClass Class, JsonElement Inputs);
}
