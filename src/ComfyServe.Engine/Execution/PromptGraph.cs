using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Execution;

/// <summary>The nodes of a running prompt, and those that expansions add to it.</summary>
internal sealed class PromptGraph
{
    /// <summary>A child may name the node that the editor marks for it.</summary>
    private const string DisplayOverride = "override_display_id";

    private readonly NodeCatalogue _catalogue;
    private readonly Dictionary<string, GraphNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonNode?> _states = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _depths = new(StringComparer.Ordinal);
    private JsonObject? _promptWithStates;

    /// <summary>Reads a validated prompt. Nodes that validation did not reach may have no inputs.</summary>
    public PromptGraph(JsonObject prompt, NodeCatalogue catalogue)
    {
        Prompt = prompt;
        _catalogue = catalogue;
        foreach (var (id, entry) in prompt)
        {
            AddNode(new NodePlace(id, id, null, id), entry);
        }
    }

    /// <summary>The prompt as queued.</summary>
    public JsonObject Prompt { get; }

    /// <summary>
    /// The prompt as nodes see it and write it into files: ComfyUI notes there, as <c>is_changed</c>, the outside state of
    /// each node that has one.
    /// </summary>
    public JsonObject PromptWithStates => _promptWithStates ??= WithStates();

    /// <summary>Ids of the prompt's own nodes, in its order.</summary>
    public IEnumerable<string> PromptIds => Prompt.Select(n => n.Key);

    /// <summary>All nodes.</summary>
    public IReadOnlyCollection<GraphNode> Nodes => _nodes.Values;

    /// <summary>Number of nodes that expansions added.</summary>
    public int Added => _nodes.Count - Prompt.Count;

    /// <summary>How many expansions a node is inside of.</summary>
    public int DepthOf(GraphNode node) => _depths.GetValueOrDefault(node.Id);

    /// <summary>The node of an id; null where there is none.</summary>
    public GraphNode? Find(string id) => _nodes.GetValueOrDefault(id);

    /// <summary>The node of an id.</summary>
    /// <exception cref="NodeException">There is none.</exception>
    public GraphNode this[string id] =>
        Find(id) ?? throw new NodeException("comfy_execution.graph.NodeNotFoundError", $"Node {id} not found");

    /// <summary>Adds the nodes of an expansion.</summary>
    /// <returns>Their ids.</returns>
    /// <exception cref="NodeException">An id exists already, or a class does not.</exception>
    public IReadOnlyList<string> Expand(GraphNode parent, JsonObject graph)
    {
        foreach (var (id, _) in graph)
        {
            if (_nodes.ContainsKey(id))
            {
                throw new NodeException(
                    "comfy_execution.graph.DuplicateNodeError",
                    $"Attempt to add duplicate node {id}. Ensure node ids are unique and deterministic: begin them with NodeContext.NextPrefix().");
            }
        }

        foreach (var (id, entry) in graph)
        {
            var shown = (entry as JsonObject)?[DisplayOverride] is JsonValue other && other.TryGetValue(out string? name)
                ? Find(name)?.Place.DisplayNodeId ?? name
                : parent.Place.DisplayNodeId;
            AddNode(new NodePlace(id, shown, parent.Id, parent.Place.RealNodeId), entry);
            _depths[id] = DepthOf(parent) + 1;
        }

        return [.. graph.Select(n => n.Key)];
    }

    /// <summary>Notes the outside state that a node's result depends on.</summary>
    public void SetState(string nodeId, JsonNode? state) => _states[nodeId] = state;

    /// <summary>A copy of the graph with all nodes.</summary>
    public JsonObject Snapshot() => new(_nodes.Values.Select(n => KeyValuePair.Create(n.Id, (JsonNode?)n.Entry.DeepClone())));

    private JsonObject WithStates()
    {
        if (_states.Count == 0)
        {
            return Prompt;
        }

        var copy = Prompt.DeepClone().AsObject();
        foreach (var (id, state) in _states.Where(s => copy.ContainsKey(s.Key)))
        {
            copy[id]!["is_changed"] = state?.DeepClone();
        }

        return copy;
    }

    private void AddNode(NodePlace place, JsonNode? entry)
    {
        if (entry is not JsonObject node
            || (node["class_type"] as JsonValue)?.TryGetValue(out string? name) != true
            || !_catalogue.TryGet(name!, out var descriptor))
        {
            throw new NodeException("KeyError", PythonText.Quote((entry as JsonObject)?["class_type"]));
        }

        _nodes[place.NodeId] = new GraphNode(place, descriptor, node["inputs"] as JsonObject ?? [], node);
    }
}
