using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using ComfyServe.Hosting.Json;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Gateway.Http;

/// <summary>Tells callers of management calls which fields of their body mean nothing here: a misspelt one would be ignored without a word.</summary>
internal static class BodyWarnings
{
    private static readonly object Place = new();

    // What the original's client sends with everything.
    private static readonly string[] Quiet = ["client_id", "api_key", "autoscaler_instance"];

    /// <summary>Notes the fields of a body that its type does not have.</summary>
    public static void Note(HttpContext context, JsonNode? body, JsonTypeInfo type)
    {
        if (UnknownFields.Of((body as JsonObject ?? []).Select(static f => f.Key), type, quiet: Quiet) is { Count: > 0 } warnings)
        {
            context.Items[Place] = warnings;
        }
    }

    /// <summary>An answer with the warnings of its request, where there are any.</summary>
    public static JsonNode Add(HttpContext context, JsonNode answer)
    {
        if (answer is JsonObject members && context.Items[Place] is IReadOnlyList<string> warnings)
        {
            members["warnings"] = new JsonArray([.. warnings.Select(static w => (JsonNode)w)]);
        }

        return answer;
    }

    /// <summary>Whether a request has any.</summary>
    public static bool Any(HttpContext context) => context.Items.ContainsKey(Place);
}
