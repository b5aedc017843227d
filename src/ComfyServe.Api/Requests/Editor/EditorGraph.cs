using System.Text.Json;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>A workflow as the editor saves it: nodes with places and widgets, and the connections between them.</summary>
internal sealed class EditorGraph
{
    private const int LongestChain = 10_000;

    private readonly Dictionary<string, EditorNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Node, int Slot)> _links = new(StringComparer.Ordinal);
    private readonly HashSet<string> _subgraphs = new(StringComparer.Ordinal);
    private readonly HashSet<string> _sources = new(StringComparer.Ordinal);

    private EditorGraph()
    {
    }

    /// <summary>The nodes in the order of the file.</summary>
    public IEnumerable<EditorNode> Nodes => _nodes.Values;

    /// <summary>Whether a JSON object is a workflow in the editor's format.</summary>
    public static bool Is(JsonElement workflow) =>
        workflow.ValueKind == JsonValueKind.Object && workflow.TryGetProperty("nodes", out var nodes) && nodes.ValueKind == JsonValueKind.Array
        && (workflow.TryGetProperty("links", out _) || workflow.TryGetProperty("last_node_id", out _) || workflow.TryGetProperty("version", out _));

    /// <summary>Reads a workflow; what has not the form of a node or a connection is passed over.</summary>
    public static EditorGraph Read(JsonElement workflow)
    {
        var graph = new EditorGraph();
        foreach (var node in EditorNode.ListOf(workflow, "nodes").Select(EditorNode.Read).OfType<EditorNode>())
        {
            graph._nodes[node.Id] = node;
        }

        foreach (var link in EditorNode.ListOf(workflow, "links"))
        {
            graph.AddLink(link);
        }

        if (workflow.TryGetProperty("definitions", out var definitions))
        {
            graph._subgraphs.UnionWith(EditorNode.ListOf(definitions, "subgraphs").Select(static s => EditorNode.IdOf(s, "id")).OfType<string>());
        }

        return graph;
    }

    /// <summary>Whether a node stands for a graph of its own.</summary>
    public bool IsSubgraph(EditorNode node) => _subgraphs.Contains(node.Type);

    /// <summary>Whether nothing is connected with a node.</summary>
    public bool IsAlone(EditorNode node) => !_sources.Contains(node.Id) && node.Inputs.All(static i => i.Link is null);

    /// <summary>What arrives through a connection once nodes that do not run are taken out: an output, or the value of a primitive node; nothing where it leads nowhere.</summary>
    public (string? Node, int Slot, JsonElement Value) Follow(string link)
    {
        var next = link;
        for (var step = 0; step < LongestChain && next is not null && _links.TryGetValue(next, out var end) && _nodes.TryGetValue(end.Node, out var node) && !node.IsMuted; step++)
        {
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
            else
            {
                return (node.Id, end.Slot, default);
            }
        }

        return default;
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

    /// <summary>A list <c>[id, from, slot, to, slot, type]</c>, or an object with the same in names.</summary>
    private void AddLink(JsonElement link)
    {
        var (id, from, slot) = link.ValueKind switch
        {
            JsonValueKind.Array when link.GetArrayLength() >= 3 => (EditorNode.IdOf(link[0]), EditorNode.IdOf(link[1]), link[2]),
            JsonValueKind.Object when link.TryGetProperty("origin_slot", out var origin) => (EditorNode.IdOf(link, "id"), EditorNode.IdOf(link, "origin_id"), origin),
            _ => (null, null, default),
        };
        if (id is not null && from is not null && slot.ValueKind == JsonValueKind.Number && slot.TryGetInt32(out var number))
        {
            _links[id] = (from, number);
            _sources.Add(from);
        }
    }
}
