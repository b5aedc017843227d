using ComfyServe.Engine.Nodes;
using ComfyServe.Workflows;

namespace ComfyServe.Engine.Execution;

/// <summary>
/// Decides which node runs next: one whose links are all there, first those that show something, then those that lead
/// there soonest, then in the order in which they were found.
/// </summary>
/// <param name="graph">The nodes.</param>
/// <param name="isCached">Whether a node's result is there already.</param>
internal sealed class ExecutionSchedule(PromptGraph graph, Func<string, bool> isCached)
{
    private readonly Dictionary<string, Pending> _pending = new(StringComparer.Ordinal);
    private readonly SortedSet<Pending> _ready = new(Comparer<Pending>.Create((a, b) => a.Order.CompareTo(b.Order)));
    private readonly HashSet<(string From, string To)> _links = [];
    private int _found;

    /// <summary>No node is left.</summary>
    public bool IsEmpty => _pending.Count == 0;

    /// <summary>Adds a node, cached or not, and the nodes that it needs.</summary>
    public void Add(string nodeId)
    {
        var open = new Stack<string>([nodeId]);
        var links = new List<(string From, string To)>();
        while (open.TryPop(out var id))
        {
            if (_pending.ContainsKey(id))
            {
                continue;
            }

            var node = graph[id];
            var pending = new Pending(node, _found++);
            _pending[id] = pending;
            _ready.Add(pending);
            foreach (var (name, value) in node.Inputs)
            {
                if (!WorkflowLink.TryRead(value, out var link) || !IsNeeded(node, name))
                {
                    continue;
                }

                links.Add((link.NodeId, id));
                if (!isCached(link.NodeId))
                {
                    open.Push(link.NodeId);
                }
            }
        }

        foreach (var (from, to) in links)
        {
            Link(from, to);
        }
    }

    /// <summary>Makes a node wait for another.</summary>
    public void AddLink(string from, string to)
    {
        if (!isCached(from))
        {
            Add(from);
        }

        Link(from, to);
    }

    /// <summary>Makes a node wait for what a lazy input is linked to.</summary>
    /// <exception cref="NodeException">The input is not linked.</exception>
    public void AddInput(GraphNode node, string input)
    {
        if (!WorkflowLink.TryRead(node.Inputs[input], out var link))
        {
            throw new NodeException("comfy_execution.graph.NodeInputError", $"Node {node.Id} says it needs input {input}, but there is no input to that node at all");
        }

        AddLink(link.NodeId, node.Id);
    }

    /// <summary>Whether a node waits, or waited, for another: only then may it read that node's result.</summary>
    public bool IsLinked(string from, string to) => _links.Contains((from, to));

    /// <summary>The nodes that a node waited for.</summary>
    public IEnumerable<string> SourcesOf(string nodeId) => _links.Where(l => l.To == nodeId).Select(l => l.From);

    /// <summary>Whether a node that has yet to run is linked to another, by a lazy input too.</summary>
    public bool IsWanted(string nodeId) => _pending.Values.Any(p =>
        _links.Contains((nodeId, p.Node.Id)) || p.Node.Inputs.Any(i => WorkflowLink.TryRead(i.Value, out var link) && link.NodeId == nodeId));

    /// <summary>The next node; null where the rest waits for itself.</summary>
    public GraphNode? Next()
    {
        var best = (Node: (Pending?)null, Rank: int.MaxValue);
        foreach (var ready in _ready)
        {
            var rank = Rank(ready);
            if (rank < best.Rank)
            {
                best = (ready, rank);
            }

            if (rank == 0)
            {
                break;
            }
        }

        return best.Node?.Node;
    }

    /// <summary>A node ran.</summary>
    public void Complete(string nodeId)
    {
        if (!_pending.Remove(nodeId, out var done))
        {
            return;
        }

        _ready.Remove(done);
        foreach (var waiting in done.Dependents)
        {
            if (--waiting.Blocks == 0)
            {
                _ready.Add(waiting);
            }
        }
    }

    /// <summary>The nodes that wait for each other, once <see cref="Next"/> finds none.</summary>
    public IReadOnlyList<GraphNode> Cycle()
    {
        var blocked = _pending.Values.ToDictionary(p => p.Node.Id, p => p.Blocks, StringComparer.Ordinal);
        // A node that nothing waits for is behind the cycle, not in it.
        var waitsFor = _pending.Values.ToDictionary(p => p.Node.Id, p => p.Dependents.Count, StringComparer.Ordinal);
        var outside = new Queue<string>(waitsFor.Where(w => w.Value == 0).Select(w => w.Key));
        while (outside.TryDequeue(out var id))
        {
            blocked.Remove(id);
            foreach (var before in _pending.Values.Where(p => blocked.ContainsKey(p.Node.Id) && p.Dependents.Contains(_pending[id])))
            {
                if (--waitsFor[before.Node.Id] == 0)
                {
                    outside.Enqueue(before.Node.Id);
                }
            }
        }

        return [.. _pending.Values.Where(p => blocked.ContainsKey(p.Node.Id)).Select(p => p.Node)];
    }

    /// <summary>Inputs that the class does not declare count for nothing: validation did not look behind them.</summary>
    private static bool IsNeeded(GraphNode node, string name) =>
        node.Class.InputsByName.TryGetValue(name, out var input) && input is { IsLazy: false, Hidden: null };

    private void Link(string from, string to)
    {
        _links.Add((from, to));
        if (_pending.TryGetValue(from, out var source) && _pending.TryGetValue(to, out var target) && source.Dependents.Add(target))
        {
            target.Blocks++;
            _ready.Remove(target);
        }
    }

    /// <summary>0 shows something, 1 feeds such a node, 2 feeds one that does, 3 otherwise.</summary>
    private static int Rank(Pending node)
    {
        if (IsOutput(node))
        {
            return 0;
        }

        if (node.Dependents.Any(IsOutput))
        {
            return 1;
        }

        return node.Dependents.Any(d => d.Dependents.Any(IsOutput)) ? 2 : 3;
    }

    private static bool IsOutput(Pending node) => node.Node.Class.Node.IsOutput;

    /// <summary>A node that has not run.</summary>
    private sealed class Pending(GraphNode node, int order)
    {
        public GraphNode Node { get; } = node;

        public int Order { get; } = order;

        /// <summary>Number of nodes that it waits for.</summary>
        public int Blocks { get; set; }

        /// <summary>The nodes that wait for it.</summary>
        public HashSet<Pending> Dependents { get; } = [];
    }
}
