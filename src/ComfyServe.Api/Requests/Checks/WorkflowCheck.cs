using System.Globalization;
using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Inputs;
using ComfyServe.Workflows;

namespace ComfyServe.Api.Requests.Checks;

/// <summary>
/// Checks a workflow against the engine's nodes before it is queued, and reports every mistake with the choices that exist. Only what the engine is sure
/// to refuse is refused here: nodes of extensions may accept values that their description does not list, so those are left to the engine. As the engine does,
/// it lets the outputs run that have all that they need, and tells which are left out.
/// </summary>
internal sealed class WorkflowCheck
{
    private const int MaxProblems = 50;

    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private readonly List<ValidationProblem> _problems = [];
    private readonly List<string> _warnings = [];
    private readonly Dictionary<(InputSpec Spec, string Value), string?> _meant = []; // each is looked for among all choices once, and few are
    private readonly NodeCatalogue _catalogue;

    private WorkflowCheck(NodeCatalogue catalogue) => _catalogue = catalogue;

    /// <summary>Checks a workflow.</summary>
    public static CheckedWorkflow Run(ReadOnlyMemory<byte> workflow, NodeCatalogue catalogue)
    {
        var check = new WorkflowCheck(catalogue);
        var meant = WorkflowTexts.Replace(workflow, check.Meant);
        using var document = JsonDocument.Parse(meant, new JsonDocumentOptions { MaxDepth = JsonLimits.MaxDepth });
        check.ReadNodes(document.RootElement);
        if (check._problems.Count == 0)
        {
            check.CheckReachable();
        }

        return new(meant, [.. check._problems.Take(MaxProblems)], [.. check._warnings.Take(MaxProblems)]);
    }

    /// <summary>The choice that a path means where it is none itself: Windows writes folders with backslashes, and files move.</summary>
    private string? Meant(WorkflowInput input, string value)
    {
        if (_warnings.Count >= MaxProblems || _catalogue.Find(input.NodeType)?.Find(input.Name) is not { Type: "COMBO", IsFile: false, IsMany: false, Choices: { Count: > 0 } choices } spec
            || choices.Contains(value, StringComparer.Ordinal))
        {
            return null;
        }

        if (!_meant.TryGetValue((spec, value), out var meant) && _meant.Count < MaxProblems)
        {
            _meant[(spec, value)] = meant = NearChoices.Meant(value, choices);
        }

        if (meant is not null)
        {
            _warnings.Add($"{input.Place}: '{Excerpt.Of(value)}' was taken for '{Excerpt.Of(meant)}', the only choice that it can mean");
        }

        return meant;
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
                _problems.Add(new("unknown_node", At(node.Name, "class_type"), $"The engine has no node '{Excerpt.Of(type)}'{Similar(type)}. Install its extension, or use another node"));
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
        var consumers = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var lame = new Dictionary<string, ValidationProblem>(StringComparer.Ordinal); // what cannot run, and why
        while (next.TryDequeue(out var id))
        {
            var known = _problems.Count;
            foreach (var needed in CheckNode(id, _nodes[id]))
            {
                (consumers.TryGetValue(needed, out var list) ? list : consumers[needed] = []).Add(id);
                if (seen.Add(needed))
                {
                    next.Enqueue(needed);
                }
            }

            if (_problems.Count > known)
            {
                lame[id] = _problems[known];
            }
        }

        LeaveOut(outputs, consumers, lame);
    }

    /// <summary>Where some outputs have all that they need, mistakes elsewhere only leave the others out.</summary>
    private void LeaveOut(List<string> outputs, Dictionary<string, List<string>> consumers, Dictionary<string, ValidationProblem> lame)
    {
        var next = new Queue<string>(lame.Keys.ToList());
        while (next.TryDequeue(out var id))
        {
            foreach (var consumer in consumers.GetValueOrDefault(id) ?? [])
            {
                if (lame.TryAdd(consumer, lame[id]))
                {
                    next.Enqueue(consumer);
                }
            }
        }

        if (lame.Count == 0 || outputs.TrueForAll(lame.ContainsKey))
        {
            return;
        }

        _problems.Clear();
        foreach (var output in outputs.Where(lame.ContainsKey))
        {
            var (reason, at) = (lame[output].Message, (string)lame[output].Location[3]);
            _warnings.Add($"node '{output}' ({_nodes[output].Class.Name}) is left out: {(at == output ? "" : $"node '{at}': ")}{reason}");
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

            value = Unwrapped(value);
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

    /// <summary>What a value is that was wrapped so that nobody takes it for a connection.</summary>
    private static JsonElement Unwrapped(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty("__value__", out var inner) && inner.ValueKind != JsonValueKind.Array ? inner : value;

    private static (string Id, int Slot)? LinkOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2 && value[0].ValueKind == JsonValueKind.String
        && value[1].ValueKind == JsonValueKind.Number && value[1].TryGetInt32(out var slot)
            ? (value[0].GetString()!, slot)
            : null;

    private void CheckLink(string id, InputSpec spec, (string Id, int Slot) link, List<string> needed)
    {
        if (!_nodes.TryGetValue(link.Id, out var source))
        {
            _problems.Add(new("bad_link", At(id, "inputs", spec.Name), $"The input is connected to node '{Excerpt.Of(link.Id)}', which the workflow does not have"));
        }
        else if (link.Slot < 0 || link.Slot >= source.Class.Outputs)
        {
            _problems.Add(new("bad_link", At(id, "inputs", spec.Name), $"The input is connected to output {link.Slot} of node '{Excerpt.Of(link.Id)}' ({source.Class.Name}), which has {source.Class.Outputs}"));
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

        if (value.ValueKind == JsonValueKind.Null)
        {
            CheckNull(id, type, spec);
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

    /// <summary>Templates that were filled with nothing leave null; engines take it for a text or a switch, and nodes fail on anything else.</summary>
    private void CheckNull(string id, NodeClass type, InputSpec spec)
    {
        var wanted = spec switch
        {
            { IsFile: true } => "a file",
            { Type: "INT" or "FLOAT" } => "a number",
            { Type: "COMBO", IsMany: false } => "one of its choices",
            { IsRequired: true, HasWidgetType: false, Type: not ("" or "*") } => $"a connection of type {spec.Type}",
            _ => null,
        };
        if (wanted is not null)
        {
            _problems.Add(new("invalid_input_type", At(id, "inputs", spec.Name), $"{type.Name} wants {wanted} for '{spec.Name}', but it is null"));
        }
    }

    private void CheckNumber(string id, NodeClass type, InputSpec spec, JsonElement value)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return; // Python takes them for 1 and 0.
        }

        if (PythonNumber.Read(value, spec.Type == "INT") is not { } number)
        {
            _problems.Add(new("invalid_input_type", At(id, "inputs", spec.Name), $"{type.Name} wants a {(spec.Type == "INT" ? "whole number" : "number")} for '{spec.Name}', but got '{Excerpt.Of(text)}'"));
        }
        else if (spec.Min is { } min && number.IsBelow(min))
        {
            _problems.Add(new("value_smaller_than_min", At(id, "inputs", spec.Name), $"{type.Name} wants '{spec.Name}' ≥ {min.ToString(CultureInfo.InvariantCulture)}, but got {Excerpt.Of(text)}"));
        }
        else if (spec.Max is { } max && number.IsAbove(max))
        {
            _problems.Add(new("value_bigger_than_max", At(id, "inputs", spec.Name), $"{type.Name} wants '{spec.Name}' ≤ {max.ToString(CultureInfo.InvariantCulture)}, but got {Excerpt.Of(text)}"));
        }
    }

    private void CheckChoice(string id, NodeClass type, InputSpec spec, JsonElement value, IReadOnlyList<string> choices)
    {
        const int Shown = 20;
        const int LongestChoice = 200;
        if (value.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
        {
            return;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        if (!choices.Contains(text, StringComparer.Ordinal))
        {
            var more = choices.Count > Shown ? $" and {choices.Count - Shown} more" : "";
            var sorted = _problems.Count < MaxProblems ? NearChoices.Sorted(text, choices) : choices; // what is told
            var shown = sorted.Take(Shown).Select(static c => Excerpt.Of(c, LongestChoice));
            _problems.Add(new("value_not_in_list", At(id, "inputs", spec.Name), $"{type.Name} has no choice '{Excerpt.Of(text)}' for '{spec.Name}'; there are: {string.Join(", ", shown)}{more}"));
        }
    }

    private string Similar(string type)
    {
        var similar = _catalogue.Names.Where(n => n.Equals(type, StringComparison.OrdinalIgnoreCase) || (type.Length > 4 && n.StartsWith(type, StringComparison.OrdinalIgnoreCase))).Take(3).ToList();
        return similar.Count == 0 ? "" : $" (there is {string.Join(", ", similar)})";
    }

    private sealed record Node(NodeClass Class, JsonElement Inputs);
}
