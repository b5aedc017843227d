using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>Gives the values of a node's widgets their names. The editor saves them as a list in the order in which the engine describes the inputs.</summary>
internal static class WidgetValues
{
    private static readonly string[] AfterGenerate = ["fixed", "increment", "decrement", "randomize"];

    /// <summary>The values by input; null when they cannot be those of this class, with the reason in <paramref name="problem"/>.</summary>
    public static IReadOnlyDictionary<string, JsonElement>? Read(EditorNode node, NodeClass description, out string problem)
    {
        problem = "";
        var values = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        var named = node.Widgets.ValueKind == JsonValueKind.Object;
        var list = node.Widgets.ValueKind == JsonValueKind.Array ? [.. node.Widgets.EnumerateArray()] : new List<JsonElement>();
        var next = 0;
        foreach (var spec in description.Inputs.Where(static i => i.IsWidget))
        {
            var value = named
                ? node.Widgets.TryGetProperty(spec.Name, out var found) ? found : default
                : next < list.Count ? list[next++] : default;
            if (spec.HasControl && next < list.Count && list[next].ValueKind == JsonValueKind.String && AfterGenerate.Any(list[next].ValueEquals))
            {
                next++; // What the editor does with the number after each run: its own affair.
            }

            value = value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null ? spec.Default : value;
            if (value.ValueKind == JsonValueKind.Undefined)
            {
                continue; // The check of the workflow says what is missing.
            }

            if (!Fits(spec, value))
            {
                problem = $"the value saved for '{spec.Name}' is no {spec.Type}";
                return null;
            }

            values[spec.Name] = value;
        }

        // Buttons and previews of nodes that take or show files have values too; nothing else may be left over.
        if (next < list.Count && !description.IsOutput && !description.Inputs.Any(static i => i.IsFile))
        {
            problem = $"{list.Count} values are saved and the engine's node takes {next}";
            return null;
        }

        return values;
    }

    private static bool Fits(InputSpec spec, JsonElement value) => spec.Type switch
    {
        "INT" or "FLOAT" => value.ValueKind == JsonValueKind.Number,
        "STRING" => value.ValueKind == JsonValueKind.String,
        "BOOLEAN" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        _ => value.ValueKind is not JsonValueKind.Object && (spec.IsMany || value.ValueKind is not JsonValueKind.Array),
    };
}
