using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Workflows;

/// <summary>A graph in API format: node id → <c>{class_type, inputs}</c>.</summary>
public sealed class Workflow
{
    private readonly Dictionary<string, WorkflowNode> _nodes = new(StringComparer.Ordinal);

    /// <summary>Wraps a graph; changes of this object change the graph.</summary>
    /// <exception cref="WorkflowFormatException">The graph has not the form of a workflow.</exception>
    public Workflow(JsonObject graph)
    {
        Graph = graph;
        var problems = new List<string>();
        if (graph["nodes"] is JsonArray && graph["links"] is JsonArray)
        {
            problems.Add("this is a workflow in the editor's format (it has 'nodes' and 'links'): export it with 'Workflow > Export (API)'");
            throw new WorkflowFormatException(problems);
        }

        foreach (var (id, value) in graph)
        {
            if (Read(id, value, problems) is { } node)
            {
                _nodes[id] = node;
            }
        }

        if (problems.Count > 0)
        {
            throw new WorkflowFormatException(problems);
        }
    }

    /// <summary>The graph as JSON.</summary>
    public JsonObject Graph { get; }

    /// <summary>The nodes in the graph's order.</summary>
    public IEnumerable<WorkflowNode> Nodes => Graph.Select(entry => _nodes[entry.Key]);

    /// <summary>Reads a workflow.</summary>
    /// <exception cref="WorkflowFormatException">The text is no JSON, or has not the form of a workflow.</exception>
    public static Workflow Parse(string json)
    {
        try
        {
            return JsonNode.Parse(json) is JsonObject graph
                ? new Workflow(graph)
                : throw new WorkflowFormatException(["a workflow is an object: node id → {class_type, inputs}"]);
        }
        catch (JsonException exception)
        {
            throw new WorkflowFormatException([$"not JSON: {exception.Message}"]);
        }
    }

    /// <summary>The node of an id; null where there is none.</summary>
    public WorkflowNode? Find(string id) => _nodes.GetValueOrDefault(id);

    /// <summary>Sets a literal or a link.</summary>
    /// <exception cref="KeyNotFoundException">There is no such node.</exception>
    public void Set(string nodeId, string input, JsonNode? value)
    {
        var node = Find(nodeId)
            ?? throw new KeyNotFoundException($"the workflow has no node '{nodeId}'; it has {string.Join(", ", Graph.Select(n => $"'{n.Key}'"))}");
        node.Inputs[input] = value;
    }

    /// <summary>Ids of the nodes that a node depends on, nearest first, each once. A cycle ends where it began.</summary>
    public IReadOnlyList<string> Ancestors(string nodeId)
    {
        var found = new List<string>();
        var known = new HashSet<string>(StringComparer.Ordinal) { nodeId };
        for (var next = -1; next < found.Count; next++)
        {
            var node = Find(next < 0 ? nodeId : found[next]);
            foreach (var (_, link) in node?.Links ?? [])
            {
                if (known.Add(link.NodeId))
                {
                    found.Add(link.NodeId);
                }
            }
        }

        return found;
    }

    /// <summary>A copy whose nodes have other ids; links follow.</summary>
    /// <param name="rename">The new id of each id; distinct ids must stay distinct.</param>
    public Workflow Renamed(Func<string, string> rename)
    {
        var copy = new JsonObject();
        foreach (var node in Nodes)
        {
            var renamed = Graph[node.Id]!.DeepClone().AsObject();
            var inputs = renamed["inputs"]!.AsObject();
            foreach (var (name, link) in node.Links)
            {
                inputs[name] = new WorkflowLink(rename(link.NodeId), link.Slot).ToJson();
            }

            copy.Add(rename(node.Id), renamed);
        }

        return new Workflow(copy);
    }

    private static WorkflowNode? Read(string id, JsonNode? value, List<string> problems)
    {
        if (value is not JsonObject node)
        {
            problems.Add($"node '{id}' is no object with 'class_type' and 'inputs'");
            return null;
        }

        var type = (node["class_type"] as JsonValue)?.TryGetValue(out string? name) == true ? name : null;
        if (type is null)
        {
            problems.Add($"node '{id}' has no text 'class_type'");
        }

        if (node["inputs"] is not JsonObject inputs)
        {
            problems.Add($"node '{id}' has no object 'inputs'");
            return null;
        }

        var title = (node["_meta"] as JsonObject)?["title"] is JsonValue text && text.TryGetValue(out string? words) ? words : null;
        return type is null ? null : new WorkflowNode(id, type, inputs, title);
    }
}
