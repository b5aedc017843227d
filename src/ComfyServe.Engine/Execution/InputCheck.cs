using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Execution;

/// <summary>Checks the inputs of a node: links by type, literals by type, range and choices, then the node's own check.</summary>
internal sealed class InputCheck(JsonObject prompt, IReadOnlyDictionary<string, NodeDescriptor> nodes, EngineFolders folders)
{
    /// <summary>Keeps a literal in a workflow that would otherwise be read as a link.</summary>
    private const string Wrapper = "__value__";

    private readonly Dictionary<NodeInput, IReadOnlyList<string>> _choices = [];

    /// <summary>Checks a node; yields each linked node that must be checked before the check goes on.</summary>
    public IEnumerable<LinkedInput> Steps(NodeCheck check)
    {
        if (check.Fault is not null)
        {
            yield break;
        }

        var values = check.Inputs as JsonObject ?? [];
        if (check.Inputs is not (JsonObject or JsonArray) && check.Inputs?.GetValueKind() != JsonValueKind.String)
        {
            check.Fault = ValidationFault.WrongType($"argument of type '{PythonText.TypeName(check.Inputs)}' is not iterable");
            yield break;
        }

        var custom = new CustomCheck(check.Node, folders);
        foreach (var input in check.Node.Inputs.Where(i => i.Hidden is null))
        {
            if (!values.TryGetPropertyValue(input.Name, out var value))
            {
                if (!input.IsOptional)
                {
                    check.Add(() => ValidationErrors.Missing(input.Name));
                }
            }
            else if (value is not JsonArray list)
            {
                CheckLiteral(check, values, input, value, custom);
            }
            else if (CheckLink(check, input, list, custom) is { } linked)
            {
                yield return linked;
            }

            if (check.Fault is not null)
            {
                yield break;
            }
        }

        custom.Run(check, values);
    }

    /// <summary>An input's <c>[type, options]</c>.</summary>
    public JsonArray Config(NodeCheck check, NodeInput input) =>
        ObjectInfo.Config(input, check.Node.Schema == NodeSchema.V3, folders);

    private LinkedInput? CheckLink(NodeCheck check, NodeInput input, JsonArray list, CustomCheck custom)
    {
        if (list.Count != 2)
        {
            check.Add(() => ValidationErrors.BadLink(input.Name, Config(check, input), list));
            return null;
        }

        if (Source(list[0], out var fault) is not { } sourceId || SlotType(nodes[sourceId], list[1], out fault) is not { } received)
        {
            check.Fault = fault;
            return null;
        }

        custom.ReceivedTypes[input.Name] = received;
        var (wanted, isList) = WantedType(check, input);
        if (!custom.ChecksTypes && (isList || !LinkTypes.Fit(received, wanted)))
        {
            check.Add(() => ValidationErrors.TypeMismatch(input.Name, Config(check, input), received, wanted, list));
            return null;
        }

        return new LinkedInput(input, list, sourceId);
    }

    private string? Source(JsonNode? id, out ValidationFault? fault)
    {
        if (id is JsonArray or JsonObject)
        {
            fault = ValidationFault.WrongType($"unhashable type: '{PythonText.TypeName(id)}'");
            return null;
        }

        var isKnown = (id as JsonValue)?.TryGetValue(out string? text) == true && prompt.ContainsKey(text!);
        fault = isKnown ? null : ValidationFault.Key(id);
        return isKnown ? id!.GetValue<string>() : null;
    }

    private static string? SlotType(NodeDescriptor source, JsonNode? slot, out ValidationFault? fault)
    {
        if (PythonConversion.Scalar(slot) is not BigInteger index)
        {
            fault = ValidationFault.WrongType($"tuple indices must be integers or slices, not {PythonText.TypeName(slot)}");
            return null;
        }

        var place = index.Sign < 0 ? index + source.Outputs.Count : index;
        var exists = place.Sign >= 0 && place < source.Outputs.Count;
        fault = exists ? null : ValidationFault.Slot();
        return exists ? source.Outputs[(int)place].Type : null;
    }

    private (string Text, bool IsList) WantedType(NodeCheck check, NodeInput input) =>
        IsCheckedCombo(check.Node, input) ? (PythonText.Quote(Choices(input)), true) : (input.Type, false);

    private void CheckLiteral(NodeCheck check, JsonObject values, NodeInput input, JsonNode? value, CustomCheck custom)
    {
        if (value is JsonObject wrapped && wrapped.TryGetPropertyValue(Wrapper, out var inner))
        {
            value = inner?.DeepClone();
            values[input.Name] = value;
        }

        try
        {
            if (LiteralConversion.Converted(input.Type, value, out var converted))
            {
                values[input.Name] = value = converted;
            }
        }
        catch (Exception exception) when (exception is FormatException or InvalidCastException or OverflowException)
        {
            var (bad, reason) = (value, exception.Message);
            check.Add(() => ValidationErrors.BadValue(input.Name, input.Type, Config(check, input), bad, reason));
            return;
        }

        if (!custom.Covers(input.Name))
        {
            CheckRange(check, input, value);
        }
    }

    private void CheckRange(NodeCheck check, NodeInput input, JsonNode? value)
    {
        var number = value?.GetValueKind() == JsonValueKind.Number ? PythonConversion.Scalar(value) : null;
        if (number is not null && input.Options["min"] is JsonValue min && LiteralConversion.Compare(number, PythonConversion.Number(min)) < 0)
        {
            check.Add(() => ValidationErrors.TooSmall(input.Name, Config(check, input), value!, min));
        }
        else if (number is not null && input.Options["max"] is JsonValue max && LiteralConversion.Compare(number, PythonConversion.Number(max)) > 0)
        {
            check.Add(() => ValidationErrors.TooBig(input.Name, Config(check, input), value!, max));
        }
        else if (IsCheckedCombo(check.Node, input) && !IsChoice(value, Choices(input)))
        {
            check.Add(() => ValidationErrors.NotInList(input.Name, Config(check, input), value, Choices(input)));
        }
    }

    private static bool IsChoice(JsonNode? value, IReadOnlyList<string> choices) =>
        value is JsonValue scalar && scalar.TryGetValue(out string? text) && choices.Contains(text, StringComparer.Ordinal);

    /// <summary>Combos of the later form are not checked: their type is a text, not a list.</summary>
    private static bool IsCheckedCombo(NodeDescriptor node, NodeInput input) => input.Choices is not null && node.Schema != NodeSchema.V3;

    private IReadOnlyList<string> Choices(NodeInput input)
    {
        if (!_choices.TryGetValue(input, out var choices))
        {
            _choices[input] = choices = input.Choices!(folders);
        }

        return choices;
    }
}
