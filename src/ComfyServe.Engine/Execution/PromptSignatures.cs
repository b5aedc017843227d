using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Workflows;
using ComfyServe.Workflows.Json;
using ComfyServe.Workflows.Signatures;

namespace ComfyServe.Engine.Execution;

/// <summary>Signs the nodes of one run: their classes, literals, ancestors and outside state.</summary>
internal sealed class PromptSignatures
{
    private readonly PromptGraph _graph;
    private readonly Func<string, NodeContext> _context;
    private readonly string _run;
    private readonly CancellationToken _interrupted;
    private readonly AncestorSignatures _signatures;
    private readonly Dictionary<string, SignedNode?> _nodes = new(StringComparer.Ordinal);

    /// <summary>Prepares the signatures of a run.</summary>
    /// <param name="graph">The prompt; receives the outside states.</param>
    /// <param name="context">The context of a node's method.</param>
    /// <param name="run">Unlike that of every other run: makes signatures that never match.</param>
    /// <param name="interrupted">Ends the work.</param>
    public PromptSignatures(PromptGraph graph, Func<string, NodeContext> context, string run, CancellationToken interrupted)
    {
        (_graph, _context, _run, _interrupted) = (graph, context, run, interrupted);
        _signatures = new AncestorSignatures(Find);
    }

    /// <summary>The signature of a node.</summary>
    public Signature Of(string nodeId) => _signatures.Of(nodeId, _interrupted);

    private SignedNode? Find(string id)
    {
        if (!_nodes.TryGetValue(id, out var signed))
        {
            _nodes[id] = signed = _graph.Find(id) is { } node
                ? new SignedNode(node.Class.Name, node.Inputs, Fingerprint(node), node.Class.DependsOnId ? id : null)
                : null;
        }

        return signed;
    }

    private string? Fingerprint(GraphNode node)
    {
        if (node.Class.IsChanged is not { } method)
        {
            return null;
        }

        var state = State(node, method);
        _graph.SetState(node.Id, state is null ? JsonValue.Create(double.NaN) : new JsonArray(state));
        var isNever = state is null || PythonConversion.Scalar(state) is double.NaN;
        return isNever ? $"never {_run} {node.Id}" : PythonText.Quote(state);
    }

    /// <summary>The node's own account of its state; null where it cannot tell: then it counts as changed.</summary>
    private JsonNode? State(GraphNode node, MethodCall method)
    {
        try
        {
            var literals = node.Class.Inputs
                .Where(i => i.Hidden is null && node.Inputs.ContainsKey(i.Name) && !WorkflowLink.TryRead(node.Inputs[i.Name], out _))
                .ToDictionary(i => i.Name, i => (object?)node.Inputs[i.Name], StringComparer.Ordinal);
            return ValueText.Json(NamedCall.Invoke(method, literals, _context(node.Id))) ?? JsonValue.Create("None");
        }
#pragma warning disable CA1031 // A node's own code: the node runs, and shows the error itself.
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }
    }
}
