using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>
/// A workflow as the editor saves it: nodes with places and widgets, and the connections between them. Subgraphs and groups of nodes are taken apart as the editor
/// does it: each of their nodes stands here under <c>instance:node</c>, once for each node that stands for the subgraph or group.
/// </summary>
internal sealed class EditorGraph
{
    private const int MostNodes = 20_000;
    private const int LargestGroup = 1_000;
    private const int DeepestSubgraph = 20;

    private readonly NodeCatalogue _catalogue;
    private readonly SubgraphValues _subgraphValues;
    private readonly Dictionary<string, EditorNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Node, int Slot)> _links = new(StringComparer.Ordinal);
    private readonly Dictionary<string, EditorSubgraph> _subgraphs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonElement> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<string, EditorNode> _entrances = new(StringComparer.Ordinal); // id of a subgraph's way in → the node that stands for it
    private readonly Dictionary<(string Node, int Slot), string> _exits = []; // output of such a node → the connection inside that arrives there
    private readonly Dictionary<(string Node, string Widget), JsonElement> _given = []; // values that nodes get from one that stands for their graph
    private readonly Dictionary<(string Scope, string Variable), EditorNode> _setters = [];
    private readonly HashSet<string> _sources = new(StringComparer.Ordinal);

    private EditorGraph(NodeCatalogue catalogue)
    {
        _catalogue = catalogue;
        _subgraphValues = new(_subgraphs, catalogue);
    }

    /// <summary>The nodes in the order of the file; those of subgraphs and groups follow.</summary>
    public IReadOnlyCollection<EditorNode> Nodes => _nodes.Values;

    /// <summary>Whether the subgraphs lie in each other too deep, or make too many nodes, to be taken apart.</summary>
    public bool IsTooLarge { get; private set; }

    /// <summary>What was passed over while subgraphs and groups were taken apart.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Reads a workflow; what has not the form of a node or a connection is passed over.</summary>
    public static EditorGraph Read(JsonElement workflow, NodeCatalogue catalogue)
    {
        var graph = new EditorGraph(catalogue);
        graph.ReadDefinitions(workflow);
        var closed = new Queue<(EditorNode Node, int Depth)>();
        graph.Add(workflow, null, 0, closed);
        while (closed.TryDequeue(out var next))
        {
            if (next.Depth > DeepestSubgraph || graph._nodes.Count > MostNodes || (graph._groups.TryGetValue(next.Node.Type, out var group) && EditorGroup.SizeOf(group) > LargestGroup))
            {
                graph.IsTooLarge = true;
                break;
            }

            if (graph._subgraphs.TryGetValue(next.Node.Type, out var subgraph))
            {
                graph.GiveValues(next.Node);
                graph.Add(subgraph.Definition, next.Node, next.Depth, closed);
            }
            else
            {
                graph.Add(next.Node, EditorGroup.Expand(next.Node, graph._groups[next.Node.Type], catalogue));
            }
        }

        return graph;
    }

    /// <summary>A node by its id, or null.</summary>
    public EditorNode? Find(string id) => _nodes.GetValueOrDefault(id);

    /// <summary>Whether a node stands for others that are known.</summary>
    public bool StandsForOthers(EditorNode node) => _subgraphs.ContainsKey(node.Type) || _groups.ContainsKey(node.Type);

    /// <summary>Whether nothing is connected with a node.</summary>
    public bool IsAlone(EditorNode node) => !_sources.Contains(node.Id) && node.Inputs.All(static i => i.Link is null);

    /// <summary>Where a connection comes from; null where there is none of this id.</summary>
    public (string Node, int Slot)? Origin(string link) => _links.TryGetValue(link, out var origin) ? origin : null;

    /// <summary>The node that stands for the subgraph whose way in this is, and the input's name; null where the id is that of a node.</summary>
    public (EditorNode Node, string? Input)? Entrance(string id, int slot) =>
        _entrances.TryGetValue(id, out var instance) ? (instance, _subgraphs[instance.Type].InputName(slot)) : null;

    /// <summary>The connection inside a subgraph or group that arrives at an output of the node that stands for it; null where none does.</summary>
    public string? Exit(EditorNode instance, int slot) => _exits.GetValueOrDefault((instance.Id, slot));

    /// <summary>The setter of a variable: in the same graph, else in those around it; null where there is none.</summary>
    public EditorNode? Setter(string scope, string variable)
    {
        for (var at = scope; ; at = at.LastIndexOf(':', Math.Max(0, at.Length - 2)) is var colon and >= 0 ? at[..(colon + 1)] : "")
        {
            if (_setters.TryGetValue((at, variable), out var setter))
            {
                return setter;
            }

            if (at.Length == 0)
            {
                return null;
            }
        }
    }

    /// <summary>The value that a node's widget, or a socket of a node that stands for a subgraph, gets from what stands for the graph around it; undefined where it gets none.</summary>
    public JsonElement Given(EditorNode node, string widget) => _given.GetValueOrDefault((node.Id, widget));

    /// <summary>The sockets of a node as the running editor has them. It leaves out of the file those of values that nothing is connected with; the class knows them all.</summary>
    public IReadOnlyList<EditorInput> Sockets(EditorNode node)
    {
        if (_catalogue.Find(node.Type) is not { } known)
        {
            return node.Inputs;
        }

        var saved = node.Inputs.DistinctBy(static i => i.Name, StringComparer.Ordinal).ToDictionary(static i => i.Name, StringComparer.Ordinal);
        var sockets = new List<EditorInput>();
        foreach (var spec in known.Inputs.OrderBy(static s => s.IsWidget))
        {
            sockets.Add(new(spec.Name, spec.Type, saved.Remove(spec.Name, out var input) ? input.Link : null, spec.IsWidget ? spec.Name : null));
        }

        sockets.AddRange(node.Inputs.Where(i => saved.ContainsKey(i.Name)));
        return sockets;
    }

    private void ReadDefinitions(JsonElement workflow)
    {
        if (workflow.TryGetProperty("definitions", out var definitions))
        {
            foreach (var subgraph in EditorNode.ListOf(definitions, "subgraphs").Select(EditorSubgraph.Read).OfType<EditorSubgraph>())
            {
                _subgraphs[subgraph.Id] = subgraph;
            }
        }

        if (workflow.TryGetProperty("extra", out var extra) && extra.ValueKind == JsonValueKind.Object && extra.TryGetProperty("groupNodes", out var groups) && groups.ValueKind == JsonValueKind.Object)
        {
            foreach (var group in groups.EnumerateObject().Where(static g => g.Value.ValueKind == JsonValueKind.Object))
            {
                _groups["workflow>" + group.Name] = group.Value;
                _groups["workflow/" + group.Name] = group.Value;
            }
        }
    }

    /// <summary>Adds the nodes and connections of the workflow, or of a subgraph for the node that stands for it.</summary>
    private void Add(JsonElement source, EditorNode? instance, int depth, Queue<(EditorNode Node, int Depth)> closed)
    {
        var prefix = instance is null ? "" : instance.Id + ":";
        foreach (var node in EditorNode.ListOf(source, "nodes").Select(n => EditorNode.Read(n, prefix)).OfType<EditorNode>())
        {
            Add(node);
            if (StandsForOthers(node) && !node.IsMuted && !node.IsBypassed)
            {
                closed.Enqueue((node, depth + 1));
            }
        }

        string? exit = null;
        if (instance is not null)
        {
            var subgraph = _subgraphs[instance.Type];
            _entrances[prefix + subgraph.Entrance] = instance;
            exit = subgraph.Exit;
        }

        foreach (var link in EditorNode.ListOf(source, "links").Select(EditorLink.Read).OfType<EditorLink>())
        {
            Add(prefix + link.Id, prefix + link.From, link.FromSlot);
            if (instance is not null && link.To == exit && link.ToSlot is { } output)
            {
                _ = _exits.TryAdd((instance.Id, output), prefix + link.Id);
            }
        }
    }

    private void Add(EditorNode instance, EditorGroup group)
    {
        group.Nodes.ForEach(Add);
        group.Links.ForEach(l => Add(l.Id, l.From, l.FromSlot));
        for (var slot = 0; slot < group.Outputs.Count; slot++)
        {
            _exits[(instance.Id, slot)] = group.Outputs[slot];
        }

        foreach (var (node, input, value) in group.Values)
        {
            _given[(node, input)] = value;
        }

        NoteLeftOver(instance, group.LeftOver);
    }

    private void Add(EditorNode node)
    {
        _nodes[node.Id] = node;
        if (node is { IsSetter: true, Variable: { Length: > 0 } variable } && !_setters.TryAdd((node.Scope, variable), node))
        {
            Notes.Add($"node '{node.Id}': another node sets '{Brief(variable)}' too; the first counts");
        }
    }

    private void Add(string id, string from, int slot)
    {
        _links[id] = (from, slot);
        _sources.Add(from);
    }

    /// <summary>Hands the values of a node that stands for a subgraph on to the nodes inside. What it gets itself from around it comes first.</summary>
    private void GiveValues(EditorNode instance)
    {
        foreach (var (inner, widget, value) in _subgraphValues.Of(instance, out var leftOver))
        {
            _ = _given.TryAdd(inner == "-1" ? (instance.Id, widget) : ($"{instance.Id}:{inner}", widget), value);
            NoteLeftOver(instance, leftOver);
            leftOver = 0;
        }

        foreach (var (inner, widget) in instance.Proxies.Where(static p => p.Node is not "-1"))
        {
            // An outer node may show a widget that this one only shows itself: under its name, or with the inner node's number before it.
            var outer = Given(instance, $"{inner}: {widget}") is { ValueKind: not JsonValueKind.Undefined } given ? given : Given(instance, widget);
            if (outer.ValueKind != JsonValueKind.Undefined)
            {
                _given[($"{instance.Id}:{inner}", widget)] = outer;
            }
        }
    }

    private void NoteLeftOver(EditorNode instance, int count)
    {
        if (count > 0)
        {
            Notes.Add($"node '{instance.Id}': {count} saved value{(count == 1 ? "" : "s")} more than the nodes inside take {(count == 1 ? "is" : "are")} left out");
        }
    }

    private static string Brief(string text) => text.Length <= 64 ? text : text[..64] + "…";
}
