using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>
/// Turns a workflow from the editor's format into the engine's, as the editor itself does before it queues one: widgets become named inputs, connections
/// lead through reroutes and bypassed nodes, subgraphs and groups are taken apart, muted nodes are left out, choices in prompts are made, names of files filled in.
/// What was chosen or left out is told. Only what has no meaning to an engine is refused, all of it at once.
/// </summary>
internal sealed class EditorConversion
{
    /// <summary>Longest answer about one workflow.</summary>
    private const int MaxProblems = 50;

    private const int MaxNotes = 50;

    private const string Advice = "Export it in the editor with 'Workflow > Export (API)' and send that file";
    private const string Prefix = "filename_prefix";

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly EditorGraph _graph;
    private readonly EditorLinks _links;
    private readonly NodeCatalogue _catalogue;
    private readonly Random _random;
    private readonly DateTimeOffset _now;
    private readonly List<ValidationProblem> _problems = [];
    private readonly List<DrawnNumber> _drawn = [];
    private readonly List<string> _notes = [];
    private int _moreNotes;
    private readonly Dictionary<string, Dictionary<string, JsonElement>> _values = new(StringComparer.Ordinal);
    private ILookup<string, EditorNode>? _bySearchName;
    private ILookup<string, EditorNode>? _byTitle;

    private EditorConversion(EditorGraph graph, NodeCatalogue catalogue, Random random, DateTimeOffset now)
    {
        (_graph, _catalogue, _random, _now) = (graph, catalogue, random, now);
        _links = new(graph);
        graph.Notes.ForEach(Note);
    }

    /// <summary>Converts a workflow.</summary>
    /// <param name="workflow">A workflow in the editor's format.</param>
    /// <param name="catalogue">The engine's nodes: they say which widget is which.</param>
    /// <param name="random">Draws among the alternatives in prompts.</param>
    /// <param name="now">The time that names of files are filled in with, in the zone that dates are written in.</param>
    public static ConvertedWorkflow Convert(JsonElement workflow, NodeCatalogue catalogue, Random random, DateTimeOffset now)
    {
        var conversion = new EditorConversion(EditorGraph.Read(workflow, catalogue), catalogue, random, now);
        var json = conversion.Write();
        return new(json, conversion._problems, conversion._drawn, conversion._moreNotes == 0 ? conversion._notes : [.. conversion._notes, $"and {conversion._moreNotes} more"]);
    }

    /// <summary>That there is no engine to ask about its nodes.</summary>
    public static ValidationProblem WithoutEngine() => new(
        "workflow_format", ["body", "input", "workflow_json"],
        $"This is a workflow in the editor's format (it has 'nodes' and 'links'), and no engine is connected that could say what its widgets are. {Advice}");

    private void Note(string note)
    {
        if (_notes.Count < MaxNotes)
        {
            _notes.Add(note);
        }
        else
        {
            _moreNotes++;
        }
    }

    private ReadOnlyMemory<byte> Write()
    {
        if (_graph.IsTooLarge)
        {
            _problems.Add(new("workflow_format", ["body", "input", "workflow_json", "definitions"], $"The workflow's subgraphs lie in each other too deep, or make too many nodes. {Advice}"));
            return default;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Relaxed))
        {
            writer.WriteStartObject();
            foreach (var node in _graph.Nodes.Where(Runs))
            {
                if (_problems.Count >= MaxProblems)
                {
                    break;
                }

                if (_catalogue.Find(node.Type) is { } description)
                {
                    Write(writer, node, description);
                }
                else
                {
                    _problems.Add(new("workflow_format", ["body", "input", "workflow_json", "nodes", node.Id], $"{Missing(node)}. {Advice}"));
                }
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private bool Runs(EditorNode node)
    {
        if (node.IsMuted || node.IsBypassed || node.IsEditorsOwn || _graph.StandsForOthers(node))
        {
            return false;
        }

        if (_catalogue.Find(node.Type) is null && !node.IsGroup && _graph.IsAlone(node))
        {
            Note($"node '{node.Id}' ({Brief(node.Type)}) is left out: the engine does not know it, and nothing is connected with it"); // a label of some extension
            return false;
        }

        return true;
    }

    private static string Missing(EditorNode node) => node.IsGroup
        ? $"The node stands for the group of nodes '{Brief(node.GroupName)}', which the file does not have (extra.groupNodes)"
        : $"The engine has no node '{Brief(node.Type)}'; either its extension is missing, or it is one that only the editor knows";

    private void Write(Utf8JsonWriter writer, EditorNode node, NodeClass description)
    {
        writer.WriteStartObject(node.Id);
        writer.WriteStartObject("inputs"u8);
        foreach (var (name, input) in Inputs(node, description))
        {
            writer.WritePropertyName(name);
            Write(writer, input);
        }

        writer.WriteEndObject();
        writer.WriteString("class_type"u8, description.Name);
        writer.WriteStartObject("_meta"u8);
        writer.WriteString("title"u8, TitleOf(node, description));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, Arrival input)
    {
        if (input.Node is { } source)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(source);
            writer.WriteNumberValue(input.Slot);
            writer.WriteEndArray();
        }
        else if (input.Value.ValueKind == JsonValueKind.Array)
        {
            writer.WriteStartObject(); // A bare list means a connection to the engine.
            writer.WritePropertyName("__value__"u8);
            input.Value.WriteTo(writer);
            writer.WriteEndObject();
        }
        else
        {
            input.Value.WriteTo(writer);
        }
    }

    /// <summary>What the engine gets for each input: a connection, or a value.</summary>
    private Dictionary<string, Arrival> Inputs(EditorNode node, NodeClass description)
    {
        var inputs = new Dictionary<string, Arrival>(StringComparer.Ordinal);
        foreach (var (name, value) in ValuesOf(node, description))
        {
            inputs[name] = new(null, 0, value);
        }

        foreach (var input in node.Inputs.Where(static i => i.Link is not null))
        {
            var arrival = _links.Follow(input.Link!, input.Type);
            if (arrival.IsThere)
            {
                inputs[input.Name] = Filled(arrival);
            }
            else
            {
                var instead = inputs.ContainsKey(input.Name) ? "its own value is taken" : "it is left out";
                var end = arrival.End is { } gap ? $"node '{gap}', which gives nothing" : "nowhere";
                Note($"node '{node.Id}' ({Brief(node.Type)}): the connection of '{Brief(input.Name)}' leads to {end}; {instead}");
            }
        }

        foreach (var spec in description.Inputs.Where(static i => i.HasChoices))
        {
            Choose(node, spec.Name, inputs);
        }

        if (description.IsOutput && description.Find(Prefix) is { Type: "STRING" })
        {
            FillIn(node, inputs);
        }

        return inputs;
    }

    /// <summary>The values of a node's widgets: its own, or those that what stands for its graph gives.</summary>
    private Dictionary<string, JsonElement> ValuesOf(EditorNode node, NodeClass description)
    {
        if (_values.TryGetValue(node.Id, out var known))
        {
            return known;
        }

        var notes = new List<string>();
        var connected = node.Inputs.Where(static i => i.Link is not null).Select(static i => i.Name).ToHashSet(StringComparer.Ordinal);
        var values = WidgetValues.Read(node, description, name => connected.Contains(name) || _graph.Given(node, name).ValueKind != JsonValueKind.Undefined, notes);
        foreach (var spec in description.Inputs.Where(static i => i.IsWidget))
        {
            if (_graph.Given(node, spec.Name) is { ValueKind: not JsonValueKind.Undefined } given)
            {
                values[spec.Name] = given;
            }
        }

        notes.ForEach(n => Note($"node '{node.Id}' ({Brief(node.Type)}): {n}"));
        return _values[node.Id] = values;
    }

    /// <summary>Makes the choices in a text.</summary>
    private void Choose(EditorNode node, string name, Dictionary<string, Arrival> inputs)
    {
        if (!inputs.TryGetValue(name, out var input) || input.Value.ValueKind != JsonValueKind.String || input.Value.GetString() is not { } text)
        {
            return;
        }

        var picks = new List<int>();
        var made = PromptChoices.Make(text, _random, picks);
        if (made == text)
        {
            return;
        }

        inputs[name] = new(null, 0, JsonElement.Parse(JsonText.Encode(made)));
        _drawn.AddRange(picks.Select(p => new DrawnNumber { Path = $"{node.Id}.inputs.{name}", Value = p }));
        Note(picks.Count > 0
            ? $"node '{node.Id}', '{name}': of the alternatives in its text those at {string.Join(", ", picks.Take(20))} (from 0) were drawn"
            : $"node '{node.Id}', '{name}': braces or comments were taken out of its text; '\\{{' means a brace");
    }

    /// <summary>Fills in the value of a primitive node that asks for it.</summary>
    private Arrival Filled(Arrival arrival) =>
        arrival is { Node: null, End: { } end, Value.ValueKind: JsonValueKind.String } && _graph.Find(end) is { IsPrimitive: true, FillsIn: true }
            ? arrival with { Value = JsonElement.Parse(JsonText.Encode(TextReplacements.Apply(arrival.Value.GetString()!, _now, Widget))) }
            : arrival;

    /// <summary>Fills in the name of the files that a node saves.</summary>
    private void FillIn(EditorNode node, Dictionary<string, Arrival> inputs)
    {
        if (inputs.TryGetValue(Prefix, out var input) && input.Value.ValueKind == JsonValueKind.String && input.Value.GetString() is { } text
            && TextReplacements.Apply(text, _now, Widget) is var filled && filled != text)
        {
            inputs[Prefix] = new(null, 0, JsonElement.Parse(JsonText.Encode(filled)));
            Note($"node '{node.Id}', '{Prefix}': filled in as '{Brief(filled)}'");
        }
    }

    /// <summary>The value of a widget of a node that a text names, by its name for this, else by its title.</summary>
    private JsonElement Widget(string name, string widget)
    {
        _bySearchName ??= _graph.Nodes.ToLookup(static n => n.SearchName ?? n.Type, StringComparer.Ordinal);
        _byTitle ??= _graph.Nodes.ToLookup(n => _catalogue.Find(n.Type) is { } known ? TitleOf(n, known) : n.Title ?? n.Type, StringComparer.Ordinal);
        if ((_bySearchName[name].FirstOrDefault() ?? _byTitle[name].FirstOrDefault()) is not { } node)
        {
            return default;
        }

        if (node.IsPrimitive)
        {
            return widget == "value" ? _links.Value(node) : default;
        }

        if (_catalogue.Find(node.Type) is not { } description || !ValuesOf(node, description).TryGetValue(widget, out var value))
        {
            return default;
        }

        // A primitive node writes into the widgets that it leads to.
        return node.Inputs.FirstOrDefault(i => i.Name == widget && i.Link is not null) is { Link: { } link } input
            && _links.Follow(link, input.Type).Value is { ValueKind: not JsonValueKind.Undefined } given ? given : value;
    }

    private static string TitleOf(EditorNode node, NodeClass description) => node.Title is { Length: > 0 } title ? title : description.DisplayName;

    private static string Brief(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
