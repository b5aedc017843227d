using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>
/// Turns a workflow from the editor's format into the engine's, as the editor itself does before it queues one: widgets become named inputs, connections
/// lead through reroutes and bypassed nodes, muted ones are left out. What cannot be turned without guessing is refused, all of it at once.
/// </summary>
internal static class EditorConversion
{
    /// <summary>Longest answer about one workflow.</summary>
    private const int MaxProblems = 50;

    private const string Advice = "Export it in the editor with 'Workflow > Export (API)' and send that file";

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Converts a workflow; what is returned is of no use when there are <paramref name="problems"/>.</summary>
    /// <param name="workflow">A workflow in the editor's format.</param>
    /// <param name="catalogue">The engine's nodes: they say which widget is which.</param>
    /// <param name="problems">Takes every reason why it cannot be converted.</param>
    public static ReadOnlyMemory<byte> Convert(JsonElement workflow, NodeCatalogue catalogue, List<ValidationProblem> problems)
    {
        var graph = EditorGraph.Read(workflow);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Relaxed))
        {
            writer.WriteStartObject();
            foreach (var node in graph.Nodes.Where(n => Runs(n, graph, catalogue)))
            {
                if (problems.Count >= MaxProblems)
                {
                    break;
                }

                if (Problem(node, graph, catalogue, out var description, out var values) is { } problem)
                {
                    problems.Add(new("workflow_format", ["body", "input", "workflow_json", "nodes", node.Id], $"{problem}. {Advice}"));
                    continue;
                }

                Write(writer, node, graph, description, values);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>That there is no engine to ask about its nodes.</summary>
    public static ValidationProblem WithoutEngine() => new(
        "workflow_format", ["body", "input", "workflow_json"],
        $"This is a workflow in the editor's format (it has 'nodes' and 'links'), and no engine is connected that could say what its widgets are. {Advice}");

    private static bool Runs(EditorNode node, EditorGraph graph, NodeCatalogue catalogue) =>
        !node.IsMuted && !node.IsBypassed && !node.IsEditorsOwn
        && !(catalogue.Find(node.Type) is null && !graph.IsSubgraph(node) && !node.IsGroup && graph.IsAlone(node)); // a label of some extension

    private static string? Problem(
        EditorNode node, EditorGraph graph, NodeCatalogue catalogue, out NodeClass description, out IReadOnlyDictionary<string, JsonElement> values)
    {
        (description, values) = (null!, null!);
        if (graph.IsSubgraph(node) || node.IsGroup)
        {
            return "The node stands for a group of nodes; only the editor can take it apart";
        }

        if (catalogue.Find(node.Type) is not { } known)
        {
            return $"The engine has no node '{Brief(node.Type)}'; either its extension is missing, or it is one that only the editor knows";
        }

        if (WidgetValues.Read(node, known, out var mismatch) is not { } read)
        {
            return $"The widgets of '{Brief(node.Type)}' are not those of the engine's node: {mismatch}. It was saved with another version of it";
        }

        (description, values) = (known, read);
        return null;
    }

    private static void Write(Utf8JsonWriter writer, EditorNode node, EditorGraph graph, NodeClass description, IReadOnlyDictionary<string, JsonElement> values)
    {
        writer.WriteStartObject(node.Id);
        writer.WriteStartObject("inputs"u8);
        var connected = new Dictionary<string, (string? Node, int Slot, JsonElement Value)>(StringComparer.Ordinal);
        foreach (var input in node.Inputs.Where(static i => i.Link is not null))
        {
            connected[input.Name] = graph.Follow(input.Link!);
        }

        foreach (var (name, value) in values)
        {
            if (!connected.TryGetValue(name, out var end) || (end.Node is null && end.Value.ValueKind == JsonValueKind.Undefined))
            {
                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }
        }

        foreach (var (name, end) in connected)
        {
            Write(writer, name, end);
        }

        writer.WriteEndObject();
        writer.WriteString("class_type"u8, description.Name);
        if (node.Title is { Length: > 0 } title)
        {
            writer.WriteStartObject("_meta"u8);
            writer.WriteString("title"u8, title);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string name, (string? Node, int Slot, JsonElement Value) end)
    {
        if (end.Node is { } source)
        {
            writer.WriteStartArray(name);
            writer.WriteStringValue(source);
            writer.WriteNumberValue(end.Slot);
            writer.WriteEndArray();
        }
        else if (end.Value.ValueKind != JsonValueKind.Undefined)
        {
            writer.WritePropertyName(name);
            end.Value.WriteTo(writer);
        }
    }

    private static string Brief(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
