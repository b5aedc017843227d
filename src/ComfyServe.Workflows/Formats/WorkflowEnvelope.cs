using System.Text;
using System.Text.Json;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Workflows.Formats;

/// <summary>
/// Finds the workflow in what people send and save: a workflow itself, a request of this or of another service (<c>input.workflow_json</c>, <c>input.workflow</c>,
/// <c>{"prompt": …, "client_id": …}</c>), what a picture of ComfyUI holds (<c>prompt</c>, <c>workflow</c>), an entry of its history, and each of them as a text in JSON.
/// </summary>
/// <param name="Workflow">The workflow.</param>
/// <param name="Format">Its form.</param>
/// <param name="Path">Where it was found, for example <c>input.workflow</c>; blank where it stood for itself.</param>
/// <param name="Images">Pictures that came beside it, as RunPod's worker takes them (<c>[{name, image}]</c>); undefined where there are none.</param>
public sealed record WorkflowEnvelope(JsonElement Workflow, WorkflowFormat Format, string Path, JsonElement Images)
{
    private const int Deepest = 5;

    /// <summary>Names under which workflows stand, the likeliest first. <c>prompt</c> comes before <c>workflow</c>: where both are there it is what ran.</summary>
    private static readonly string[] Names = ["workflow_json", "prompt", "workflow_api", "output", "workflow", "input"];

    /// <summary>Opens an envelope; null where there is no workflow in it.</summary>
    /// <param name="root">The whole value.</param>
    /// <param name="preferred">The form to take where both are there; none takes what ran.</param>
    public static WorkflowEnvelope? Open(JsonElement root, WorkflowFormat preferred = WorkflowFormat.None)
    {
        var found = new List<WorkflowEnvelope>();
        Search(root, "", default, 0, found);
        return found.Find(e => e.Format == preferred) ?? (found.Count > 0 ? found[0] : null);
    }

    /// <summary>What is the matter with a value that has no workflow in it, in one sentence.</summary>
    public static string Explain(JsonElement root)
    {
        const string Form = "a workflow is an object of nodes: id → {\"class_type\": …, \"inputs\": {…}}, or what the editor saves, with 'nodes' and 'links'";
        return root.ValueKind switch
        {
            JsonValueKind.Object when root.GetPropertyCount() == 0 => $"It is an empty object; {Form}",
            JsonValueKind.Object => $"It has {string.Join(", ", root.EnumerateObject().Take(5).Select(static p => $"'{Excerpt.Of(p.Name)}'"))} and no workflow; {Form}",
            JsonValueKind.Array => $"It is a list; {Form}",
            JsonValueKind.String => $"It is a text that is no JSON of a workflow; {Form}",
            _ => $"It is no object; {Form}",
        };
    }

    private static void Search(JsonElement value, string path, JsonElement images, int depth, List<WorkflowEnvelope> found)
    {
        if (depth > Deepest)
        {
            return;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            if (Parse(value) is { } parsed)
            {
                Search(parsed, path, images, depth + 1, found);
            }

            return;
        }

        if (WorkflowFormats.Of(value) is var format and not WorkflowFormat.None)
        {
            found.Add(new(value, format, path, images));
            return;
        }

        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() >= 3)
        {
            Search(value[2], $"{path}[2]", images, depth + 1, found); // ComfyUI's queue and history: [number, id, workflow, …]
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            var beside = value.TryGetProperty("images", out var list) && list.ValueKind == JsonValueKind.Array ? list : images;
            foreach (var name in Names)
            {
                if (value.TryGetProperty(name, out var inner))
                {
                    Search(inner, path.Length == 0 ? name : $"{path}.{name}", beside, depth + 1, found);
                }
            }
        }
    }

    /// <summary>A text that holds JSON; null where it holds something else.</summary>
    private static JsonElement? Parse(JsonElement text)
    {
        try
        {
            var json = text.GetString()!.TrimStart('\ufeff', ' ', '\t', '\r', '\n');
            return json is ['{' or '[' or '"', ..] ? JsonElement.Parse(TolerantJson.Normalize(Encoding.UTF8.GetBytes(json)).Span, new JsonDocumentOptions { MaxDepth = 128 }) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // No JSON, or no Unicode.
        }
    }
}
