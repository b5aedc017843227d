using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>
/// Brings recorded and own JSON to one form in which what must be equal is equal: times, traces of the stack, help texts
/// and the order of what is a set are evened out. Ids and folders are replaced before.
/// </summary>
internal static partial class TraceComparison
{
    /// <summary>Lists that ComfyUI makes from sets.</summary>
    private static readonly HashSet<string> Sets = ["executed", "current_outputs", "dependent_outputs", "errors"];

    /// <summary>Values that differ from machine to machine: only their kind counts.</summary>
    private static readonly HashSet<string> KindOnly =
    [
        "timestamp", "modified", "created", "size", "ram_total", "ram_free", "vram_total", "vram_free", "torch_vram_total", "torch_vram_free",
        "python_version", "pytorch_version", "argv", "t", "m",
    ];

    /// <summary>Texts of our own.</summary>
    private static readonly HashSet<string> Texts = ["tooltip", "description", "output_tooltips"];

    /// <summary>The comparable form of a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="name">Its key.</param>
    public static JsonNode? Even(JsonNode? value, string name = "")
    {
        if (KindOnly.Contains(name))
        {
            return Kind(value);
        }

        if (Texts.Contains(name))
        {
            return "(text)";
        }

        if (name == "traceback")
        {
            return value is JsonArray ? "(list)" : Kind(value);
        }

        return value switch
        {
            JsonObject map => new JsonObject(map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Even(p.Value, p.Key)))),
            JsonArray list => List(list, name),
            JsonValue scalar when scalar.GetValueKind() == JsonValueKind.String => TempName().Replace((string)scalar!, "ComfyUI_temp_xxxxx_"),
            _ => TraceJson.Sorted(value),
        };
    }

    /// <summary>An entry of <c>/object_info</c>: file lists differ, and descriptors keep whether a list is one.</summary>
    public static JsonNode? EvenNode(JsonNode entry, NodeDescriptor node)
    {
        var copy = entry.DeepClone();
        foreach (var config in copy["input"]!.AsObject().Where(s => s.Key != "hidden").SelectMany(s => s.Value!.AsObject()))
        {
            if (node.InputsByName.GetValueOrDefault(config.Key) is { Choices: not null, IsScanned: true } && config.Value![0] is JsonArray)
            {
                config.Value[0] = "(files)";
            }
        }

        return Even(copy);
    }

    private static JsonArray List(JsonArray list, string name)
    {
        var items = list.Select(i => Even(i)).ToList();
        if (items is [JsonValue, JsonValue, JsonObject, JsonObject, JsonArray outputs])
        {
            // An entry of the queue ends with the outputs to execute.
            items[4] = Ordered(outputs.Select(o => o?.DeepClone()));
        }

        return Sets.Contains(name) ? Ordered(items) : new JsonArray([.. items]);
    }

    private static JsonArray Ordered(IEnumerable<JsonNode?> items) => new([.. items.OrderBy(i => i?.ToJsonString(), StringComparer.Ordinal)]);

    private static JsonNode Kind(JsonNode? value) => value switch
    {
        null => "(null)",
        JsonObject => "(object)",
        JsonArray => "(list)",
        _ => string.Create(CultureInfo.InvariantCulture, $"({value.GetValueKind()})"),
    };

    [GeneratedRegex("ComfyUI_temp_[a-z]{5}_", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TempName();
}
