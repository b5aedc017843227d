using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Api.Engines;

/// <summary>
/// Takes lists of choices out of an engine's errors: it lists every file that it knows, whoever put it there. What is right for the caller was told before, when
/// the workflow was checked.
/// </summary>
internal static class ChoiceLists
{
    private const string NotInList = "value_not_in_list";
    private const string BeforeList = " not in [";

    /// <summary>The details of an error without the choices.</summary>
    /// <param name="type">The error's type.</param>
    /// <param name="details">Its details.</param>
    public static string? Cut(string? type, string? details) => type switch
    {
        "prompt_outputs_failed_validation" => null, // the details of all nodes once more
        NotInList when details?.IndexOf(BeforeList, StringComparison.Ordinal) is >= 0 and var at => details[..at] + " is no choice",
        _ => details,
    };

    /// <summary><c>node_errors</c> without the choices.</summary>
    public static JsonElement Cut(JsonElement nodeErrors)
    {
        if (nodeErrors.ValueKind != JsonValueKind.Object || nodeErrors.GetPropertyCount() == 0)
        {
            return nodeErrors;
        }

        var nodes = JsonNode.Parse(nodeErrors.GetRawText())!.AsObject();
        foreach (var error in nodes.SelectMany(n => (n.Value as JsonObject)?["errors"] as JsonArray ?? []).OfType<JsonObject>())
        {
            (error["extra_info"] as JsonObject)?.Remove("input_config");
            if (error["details"] is JsonValue details && details.TryGetValue<string>(out var text))
            {
                error["details"] = Cut(error["type"] is JsonValue type && type.TryGetValue<string>(out var name) ? name : null, text);
            }
        }

        return JsonElement.Parse(nodes.ToJsonString());
    }
}
