using System.Text.Json;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>
/// A workflow as the editor saves it: nodes with places and widgets, and the connections between them. Subgraphs are taken apart as the editor does it:
/// each of their nodes stands here under <c>instance:node</c>, once for each node that stands for the subgraph.
/// </summary>
internal sealed class EditorGraph
{
    private const int LongestChain = 10_000;
    private const int MostNodes = 20_000;
    private const int DeepestSubgraph = 20;

    private readonly Dictionary<string, EditorNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Node, int Slot)> _links = new(StringComparer.Ordinal);
    private readonly Dictionary<string, EditorSubgraph> _subgraphs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _instances = new(StringComparer.Ordinal); // open ones by subgraph
    private readonly Dictionary<string, EditorNode> _entrances = new(StringComparer.Ordinal); // id of a subgraph's way in → the node that stands for it
    private readonly Dictionary<(string Node, int Slot), string> _exits = []; // output of such a node → the connection inside that arrives there
    private readonly HashSet<string> _sources = new(StringComparer.Ordinal);

    private EditorGraph()
    {
    }

    /// <summary>The nodes in the order of the file; those of subgraphs follow.</summary>
    public IEnumerable<EditorNode> Nodes => _nodes.Values;

    /// <summary>Whether the subgraphs lie in each other too deep, or make too many nodes, to be taken apart.</summary>
    public bool IsTooLarge { get; private set; }

    /// <summary>Whether a JSON object is a workflow in the editor's format.</summary>
    public static bool Is(JsonElement workflow) =>
        workflow.ValueKind == JsonValueKind.Object && workflow.TryGetProperty("nodes", out var nodes) && nodes.ValueKind == JsonValueKind.Array
        && (workflow.TryGetProperty("links", out _) || workflow.TryGetProperty("last_node_id", out _) || workflow.TryGetProperty("version", out _));

    /// <summary>Reads a workflow; what has not the form of a node or a connection is passed over.</summary>
    public static EditorGraph Read(JsonElement workflow)
    {
        var graph = new EditorGraph();
        if (workflow.TryGetProperty("definitions", out var definitions))
        {
            foreach (var subgraph in EditorNode.ListOf(definitions, "subgraphs").Select(EditorSubgraph.Read).OfType<EditorSubgraph>())
            {
                graph._subgraphs[subgraph.Id] = subgraph;
            }
        }

        var closed = new Queue<(EditorNode Node, int Depth)>();
        graph.Add(workflow, null, 0, closed);
        while (closed.TryDequeue(out var next))
        {
            if (next.Depth > DeepestSubgraph || graph._nodes.Count > MostNodes)
            {
                graph.IsTooLarge = true;
                break;
            }

            graph.Add(graph._subgraphs[next.Node.Type].Definition, next.Node, next.Depth, closed);
        }

        return graph;
    }

    /// <summary>Whether a node stands for a graph of its own.</summary>
    public bool IsSubgraph(EditorNode node) => _subgraphs.ContainsKey(node.Type);

    /// <summary>Why it cannot be told which values a node that stands for a subgraph gives to the nodes inside; null where it can.</summary>
    public string? Doubt(EditorNode node)
    {
        var saved = node.Widgets.ValueKind == JsonValueKind.Array ? node.Widgets.GetArrayLength() : 0;
        if (saved == 0)
        {
            return null;
        }

        if (node.HasProxies)
        {
            // Its widgets are those of the nodes inside, which hold the values; another instance writes to the same ones.
            return _instances[node.Type] > 1 ? "The subgraph is used more than once with values of its own, and the file does not say for certain which belong where" : null;
        }

        var sockets = node.Inputs.Count(static i => i.HasWidget);
        return saved == sockets ? null : $"{saved} values are saved for the subgraph and it has {sockets} inputs with a value";
    }

    /// <summary>Whether nothing is connected with a node.</summary>
    public bool IsAlone(EditorNode node) => !_sources.Contains(node.Id) && node.Inputs.All(static i => i.Link is null);

    /// <summary>What arrives through a connection once nodes that do not run are taken out: an output, or the value of a primitive node or of a subgraph's input; nothing where it leads nowhere.</summary>
    public (string? Node, int Slot, JsonElement Value) Follow(string link)
    {
        var next = link;
        var held = default(JsonElement); // what the outermost subgraph on the way has as its own, where nothing is connected with it
        for (var step = 0; step < LongestChain && next is not null && _links.TryGetValue(next, out var end); step++)
        {
            if (_entrances.TryGetValue(end.Node, out var instance))
            {
                var input = _subgraphs[instance.Type].InputOf(instance, end.Slot);
                held = input is { } socket && Value(instance, socket) is { ValueKind: not JsonValueKind.Undefined } own ? own : held;
                next = input?.Link;
                continue;
            }

            if (!_nodes.TryGetValue(end.Node, out var node) || node.IsMuted)
            {
                break;
            }

            if (node.IsPrimitive)
            {
                return (null, 0, node.Widgets.ValueKind == JsonValueKind.Array && node.Widgets.GetArrayLength() > 0 ? node.Widgets[0] : default);
            }

            if (node.IsReroute)
            {
                next = node.Inputs.Count > 0 ? node.Inputs[0].Link : null;
            }
            else if (node.IsBypassed)
            {
                next = Through(node, end.Slot);
            }
            else if (IsSubgraph(node))
            {
                next = _exits.GetValueOrDefault((node.Id, end.Slot));
            }
            else
            {
                return (node.Id, end.Slot, default);
            }
        }

        return (null, 0, held);
    }

    /// <summary>The connection that a bypassed node passes on as one of its outputs: that of the same place when the types agree, else the first of that type.</summary>
    private static string? Through(EditorNode node, int slot)
    {
        var type = slot >= 0 && slot < node.Outputs.Count ? node.Outputs[slot] : "";
        if (slot >= 0 && slot < node.Inputs.Count && node.Inputs[slot] is { Link: { } same } && node.Inputs[slot].Type == type)
        {
            return same;
        }

        return node.Inputs.FirstOrDefault(i => i.Link is not null && i.Type == type).Link;
    }

    /// <summary>The value saved for an input of a node that stands for a subgraph; undefined where the node inside has it.</summary>
    private static JsonElement Value(EditorNode instance, EditorInput input)
    {
        if (!input.HasWidget || instance.HasProxies || instance.Widgets.ValueKind != JsonValueKind.Array)
        {
            return default;
        }

        var place = instance.Inputs.TakeWhile(i => i.Name != input.Name).Count(static i => i.HasWidget);
        return place < instance.Widgets.GetArrayLength() ? instance.Widgets[place] : default;
    }

    /// <summary>Adds the nodes and connections of the workflow, or of a subgraph for the node that stands for it.</summary>
    private void Add(JsonElement source, EditorNode? instance, int depth, Queue<(EditorNode Node, int Depth)> closed)
    {
        var prefix = instance is null ? "" : instance.Id + ":";
        foreach (var node in EditorNode.ListOf(source, "nodes").Select(n => EditorNode.Read(n, prefix)).OfType<EditorNode>())
        {
            _nodes[node.Id] = node;
            if (IsSubgraph(node) && !node.IsMuted && !node.IsBypassed)
            {
                _instances[node.Type] = _instances.GetValueOrDefault(node.Type) + 1;
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

        foreach (var link in EditorNode.ListOf(source, "links"))
        {
            Add(link, prefix, instance, exit);
        }
    }

    /// <summary>A list <c>[id, from, slot, to, slot, type]</c>, or an object with the same in names.</summary>
    private void Add(JsonElement link, string prefix, EditorNode? instance, string? exit)
    {
        var (id, from, slot, to, toSlot) = link.ValueKind switch
        {
            JsonValueKind.Array when link.GetArrayLength() >= 5 => (EditorNode.IdOf(link[0]), EditorNode.IdOf(link[1]), link[2], EditorNode.IdOf(link[3]), link[4]),
            JsonValueKind.Array when link.GetArrayLength() >= 3 => (EditorNode.IdOf(link[0]), EditorNode.IdOf(link[1]), link[2], null, default),
            JsonValueKind.Object => (EditorNode.IdOf(link, "id"), EditorNode.IdOf(link, "origin_id"), Property(link, "origin_slot"), EditorNode.IdOf(link, "target_id"), Property(link, "target_slot")),
            _ => (null, null, default, null, default),
        };
        if (id is null || from is null || Number(slot) is not { } number)
        {
            return;
        }

        _links[prefix + id] = (prefix + from, number);
        _sources.Add(prefix + from);
        if (instance is not null && to == exit && Number(toSlot) is { } output)
        {
            _exits[(instance.Id, output)] = prefix + id;
        }
    }

    private static JsonElement Property(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) ? value : default;

    private static int? Number(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;
}
