using System.Diagnostics.CodeAnalysis;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Execution;

/// <summary>Nodes that returned more graph and wait for its results.</summary>
internal sealed class PendingExpansions(ExecutionServices services, PromptGraph graph, ExecutionSchedule schedule) : IDisposable
{
    private readonly Dictionary<string, Waiting> _waiting = new(StringComparer.Ordinal);

    /// <summary>Adds the graph's nodes and lets the node wait for them.</summary>
    public void Add(GraphNode node, IReadOnlyList<CallResult> calls)
    {
        services.Limits.CheckExpansion(graph.DepthOf(node) + 1, graph.Added + calls.Sum(c => c.Graph?.Count ?? 0));
        var children = new List<string>();
        foreach (var call in calls.Where(c => c.Graph is not null))
        {
            children.AddRange(graph.Expand(node, call.Graph!));
        }

        services.Results.Expand(node, children);
        services.Instances.Expand(node, children);

        // Values that need no graph must outlive this stage too.
        _waiting[node.Id] = new Waiting(calls, services.Tensors.Hold(calls.SelectMany(c => c.Values)));

        foreach (var child in children.Where(c => graph[c].Class.Node.IsOutput))
        {
            schedule.Add(child);
        }

        foreach (var link in calls.Where(c => c.Graph is not null).SelectMany(c => c.Values).OfType<NodeLink>())
        {
            schedule.AddLink(graph[link.NodeId].Id, node.Id);
        }
    }

    /// <summary>Takes the results of a node whose graph ran; false where it has none.</summary>
    public bool TryResolve(GraphNode node, [MaybeNullWhen(false)] out IReadOnlyList<IReadOnlyList<object?>> outputs)
    {
        outputs = null;
        if (!_waiting.TryGetValue(node.Id, out var waiting))
        {
            return false;
        }

        var slots = node.Class.Outputs.Select(_ => new List<object?>()).ToList();
        foreach (var call in waiting.Calls)
        {
            for (var slot = 0; slot < slots.Count && slot < call.Values.Count; slot++)
            {
                slots[slot].AddRange(Values(node, slot, call));
                services.Limits.CheckList(slots[slot].Count);
            }
        }

        outputs = slots;
        return true;
    }

    /// <summary>Lets go of a node's own values once its results are kept.</summary>
    public void Complete(GraphNode node)
    {
        if (_waiting.Remove(node.Id, out var waiting))
        {
            services.Tensors.Release(waiting.Held);
        }
    }

    /// <summary>Lets go of what an aborted run left behind.</summary>
    public void Dispose()
    {
        foreach (var waiting in _waiting.Values)
        {
            services.Tensors.Release(waiting.Held);
        }

        _waiting.Clear();
    }

    private IReadOnlyList<object?> Values(GraphNode node, int slot, CallResult call)
    {
        if (call.Graph is not null && call.Values[slot] is NodeLink link)
        {
            var source = services.Results.Find(link.NodeId)?.Outputs;
            return source is not null && link.Slot < source.Count
                ? source[link.Slot]
                : throw new NodeException("IndexError", $"node '{link.NodeId}' of the expansion has no output {link.Slot}");
        }

        return NodeCalls.Merge(node.Class, [call.Values], services.Limits)[slot];
    }

    private sealed record Waiting(IReadOnlyList<CallResult> Calls, HeldMemory Held);
}
