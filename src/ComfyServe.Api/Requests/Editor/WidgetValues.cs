using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>Gives the values of a node's widgets their names.</summary>
internal static class WidgetValues
{
    private const int Shown = 40;

    /// <summary>The values by input. What the file does not have is what the editor shows in a new node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="description">Its class.</param>
    /// <param name="isGiven">Whether an input gets what it takes from elsewhere.</param>
    /// <param name="notes">Gets what was passed over, or does not look right.</param>
    public static Dictionary<string, JsonElement> Read(EditorNode node, NodeClass description, Func<string, bool> isGiven, List<string> notes)
    {
        var saved = Saved(node, description, notes);
        var values = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var spec in description.Inputs.Where(static i => i.IsWidget))
        {
            var value = saved.GetValueOrDefault(spec.Name);
            if (value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            {
                value = Default(spec);
                if (value.ValueKind == JsonValueKind.Undefined)
                {
                    continue; // The check of the workflow says what is missing.
                }

                if (!isGiven(spec.Name))
                {
                    notes.Add($"no value is saved for '{spec.Name}': its default {Brief(value)} is taken");
                }
            }
            else if (Cost(spec, value) >= WidgetEntry.Misfit)
            {
                notes.Add($"the value saved for '{spec.Name}' ({Brief(value)}) is no {spec.Type}: the node may be of another version than the engine's");
            }

            values[spec.Name] = value;
        }

        return values;
    }

    /// <summary>A value in a message.</summary>
    public static string Brief(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= Shown ? text : text[..Shown] + "…";
    }

    private static Dictionary<string, JsonElement> Saved(EditorNode node, NodeClass description, List<string> notes)
    {
        if (node.Widgets.ValueKind == JsonValueKind.Object)
        {
            return ByName(node.Widgets);
        }

        if (node.Widgets.ValueKind != JsonValueKind.Array)
        {
            return ByName(node.NamedWidgets);
        }

        var assigned = WidgetLayout.Of(description).Assign(node.Widgets, out var leftOver);
        if (node.NamedWidgets.ValueKind == JsonValueKind.Object && assigned.Any(static a => a.Entry.Cost(a.Value) >= WidgetEntry.Misfit))
        {
            return ByName(node.NamedWidgets); // Places are the editor's truth, but these are of another version of the node.
        }

        if (leftOver > 0)
        {
            notes.Add($"{Count(leftOver, "saved value")} after those of its widgets {(leftOver == 1 ? "is" : "are")} left out");
        }

        return assigned.ToDictionary(static a => a.Entry.Spec!.Name, static a => a.Value, StringComparer.Ordinal);
    }

    private static Dictionary<string, JsonElement> ByName(JsonElement map)
    {
        var values = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (map.ValueKind == JsonValueKind.Object)
        {
            foreach (var value in map.EnumerateObject())
            {
                values[value.Name] = value.Value;
            }
        }

        return values;
    }

    private static int Cost(InputSpec spec, JsonElement value) => new WidgetEntry(WidgetEntry.Role.Value, spec).Cost(value);

    /// <summary>What the editor shows in a new node; undefined where that is nothing.</summary>
    private static JsonElement Default(InputSpec spec) => spec switch
    {
        { Default.ValueKind: not JsonValueKind.Undefined } => spec.Default,
        { Type: "INT" or "FLOAT" } => JsonElement.Parse("0"),
        { Type: "STRING" } => JsonElement.Parse("\"\""),
        { Type: "BOOLEAN" } => JsonElement.Parse("false"),
        { Choices: [var first, ..], IsMany: false } => JsonElement.Parse(JsonText.Encode(first)),
        _ => default,
    };

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}
