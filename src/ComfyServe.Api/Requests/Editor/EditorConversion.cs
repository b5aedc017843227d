using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>
/// Turns a workflow from the editor's format into the engine's, as the editor itself does before it queues one: widgets become named inputs, connections
/// lead through reroutes and bypassed nodes, subgraphs are taken apart, muted nodes are left out, choices in prompts are made. What cannot be turned without guessing is refused, all of it at once.
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
    /// <param name="random">Draws among the alternatives in prompts.</param>
    /// <param name="problems">Takes every reason why it cannot be converted.</param>
    /// <param name="drawn">Gets the place of each alternative that was drawn.</param>
    public static ReadOnlyMemory<byte> Convert(
        JsonElement workflow, NodeCatalogue catalogue, Random random, List<ValidationProblem> problems, List<DrawnNumber> drawn)
    {
        var graph = EditorGraph.Read(workflow);
        if (graph.IsTooLarge)
        {
            problems.Add(new("workflow_format", ["body", "input", "workflow_json", "definitions"], $"The workflow's subgraphs lie in each other too deep, or make too many nodes. {Advice}"));
        }

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

                if (!graph.IsSubgraph(node))
                {
                    Write(writer, node, description, Choose(node, Inputs(node, graph, values), description, random, problems, drawn));
                }
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
        if (graph.IsSubgraph(node))
        {
            return graph.Doubt(node);
        }

        if (node.IsGroup)
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

    /// <summary>What the engine gets for each input: a connection, or a value.</summary>
    private static Dictionary<string, (string? Node, int Slot, JsonElement Value)> Inputs(EditorNode node, EditorGraph graph, IReadOnlyDictionary<string, JsonElement> values)
    {
        var connected = new Dictionary<string, (string? Node, int Slot, JsonElement Value)>(StringComparer.Ordinal);
        foreach (var input in node.Inputs.Where(static i => i.Link is not null))
        {
            connected[input.Name] = graph.Follow(input.Link!);
        }

        var inputs = new Dictionary<string, (string? Node, int Slot, JsonElement Value)>(StringComparer.Ordinal);
        foreach (var (name, value) in values)
        {
            if (!connected.TryGetValue(name, out var end) || (end.Node is null && end.Value.ValueKind == JsonValueKind.Undefined))
            {
                inputs[name] = (null, 0, value);
            }
        }

        foreach (var (name, end) in connected.Where(static c => c.Value.Node is not null || c.Value.Value.ValueKind != JsonValueKind.Undefined))
        {
            inputs[name] = end;
        }

        return inputs;
    }

    /// <summary>Makes the choices in the texts of a node for which the editor makes them.</summary>
    private static Dictionary<string, (string? Node, int Slot, JsonElement Value)> Choose(
        EditorNode node, Dictionary<string, (string? Node, int Slot, JsonElement Value)> inputs, NodeClass description, Random random,
        List<ValidationProblem> problems, List<DrawnNumber> drawn)
    {
        foreach (var spec in description.Inputs.Where(static i => i.HasChoices))
        {
            if (!inputs.TryGetValue(spec.Name, out var input) || input.Value.ValueKind != JsonValueKind.String || input.Value.GetString() is not { } text)
            {
                continue;
            }

            var picks = new List<int>();
            if (PromptChoices.Make(text, random, picks) is not { } made)
            {
                const string Problem = "A '{' in the text is not closed: the editor would choose among alternatives there. Write '\\{' where a brace is meant, or close it";
                problems.Add(new("workflow_format", ["body", "input", "workflow_json", "nodes", node.Id], $"Input '{spec.Name}': {Problem}"));
            }
            else if (made != text)
            {
                drawn.AddRange(picks.Select(p => new DrawnNumber { Path = $"{node.Id}.inputs.{spec.Name}", Value = p }));
                inputs[spec.Name] = (null, 0, JsonElement.Parse(JsonText.Encode(made)));
            }
        }

        return inputs;
    }

    private static void Write(
        Utf8JsonWriter writer, EditorNode node, NodeClass description, Dictionary<string, (string? Node, int Slot, JsonElement Value)> inputs)
    {
        writer.WriteStartObject(node.Id);
        writer.WriteStartObject("inputs"u8);
        foreach (var (name, input) in inputs)
        {
            Write(writer, name, input);
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
            return;
        }

        writer.WritePropertyName(name);
        end.Value.WriteTo(writer);
    }

    private static string Brief(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
