using ComfyServe.Engine.Nodes;
using ComfyServe.Workflows;

namespace ComfyServe.Engine.Execution;

/// <summary>
/// Decides which node runs next: one whose links are all there, first those that show something, then those that lead
/// there soonest, then in the order in which they were found.
/// </summary>
/// <remarks>
/// Ranks are kept up to date while links are added, so that a whole run costs in proportion to its nodes and links (and
/// the logarithm of the nodes that are ready at once).
/// </remarks>
/// <param name="graph">The nodes.</param>
/// <param name="isCached">Whether a node's result is there already.</param>
/// <param name="wanted">Told when the first node that has yet to run is linked to a node (true), and when the last such ran (false).</param>
internal sealed class ExecutionSchedule(PromptGraph graph, Func<string, bool> isCached, Action<string, bool>? wanted = null)
{
    private static readonly IReadOnlyList<string> Nothing = [];

    private readonly Dictionary<string, PendingNode> _pending = new(StringComparer.Ordinal);
    private readonly SortedSet<PendingNode> _ready = new(Comparer<PendingNode>.Create(
        static (a, b) => a.Rank != b.Rank ? a.Rank.CompareTo(b.Rank) : a.Order.CompareTo(b.Order)));

    private readonly HashSet<(string From, string To)> _links = [];
    private readonly Dictionary<string, List<string>> _sources = new(StringComparer.Ordinal);

    /// <summary>For each node, how many nodes that have yet to run are linked to it.</summary>
    private readonly Dictionary<string, int> _wanted = new(StringComparer.Ordinal);
    private int _found;

    /// <summary>No node is left.</summary>
    public bool IsEmpty => _pending.Count == 0;

    /// <summary>Number of links and nodes that were looked at so far, for tests.</summary>
    internal long Visits { get; private set; }

    /// <summary>Adds a node, cached or not, and the nodes that it needs.</summary>
    public void Add(string nodeId)
    {
        var open = new Stack<string>([nodeId]);
        var links = new List<(string From, string To)>();
        while (open.TryPop(out var id))
        {
            Visits++;
            if (_pending.ContainsKey(id))
            {
                continue;
            }

            var node = graph[id];
            var pending = new PendingNode(node, _found++);
            _pending[id] = pending;
            _ready.Add(pending);
            foreach (var (name, value) in node.Inputs)
            {
                Visits++;
                if (!WorkflowLink.TryRead(value, out var link))
                {
                    continue;
                }

                Want(pending, link.NodeId);
                if (!IsNeeded(node, name))
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
    public IReadOnlyList<string> SourcesOf(string nodeId) => _sources.GetValueOrDefault(nodeId) ?? Nothing;

    /// <summary>The next node; null where the rest waits for itself.</summary>
    public GraphNode? Next() => _ready.Min?.Node;

    /// <summary>A node ran.</summary>
    public void Complete(string nodeId)
    {
        if (!_pending.Remove(nodeId, out var done))
        {
            return;
        }

        _ready.Remove(done);
        foreach (var source in done.Wants)
        {
            Visits++;
            if (--_wanted[source] == 0)
            {
                _wanted.Remove(source);
                wanted?.Invoke(source, false);
            }
        }

        foreach (var waiting in done.Dependents)
        {
            Visits++;
            if (--waiting.Blocks == 0)
            {
                _ready.Add(waiting);
            }
        }
    }

    /// <summary>The nodes that wait for each other, once <see cref="Next"/> finds none.</summary>
    public IReadOnlyList<GraphNode> Cycle()
    {
        // A node that nothing waits for is behind the cycle, not in it.
        var inside = _pending.Values.ToHashSet();
        var waitsFor = inside.ToDictionary(p => p, p => p.Dependents.Count);
        var outside = new Queue<PendingNode>(inside.Where(p => p.Dependents.Count == 0));
        while (outside.TryDequeue(out var node))
        {
            inside.Remove(node);
            foreach (var before in node.Sources.Where(inside.Contains))
            {
                Visits++;
                if (--waitsFor[before] == 0)
                {
                    outside.Enqueue(before);
                }
            }
        }

        return [.. _pending.Values.Where(inside.Contains).Select(p => p.Node)];
    }

    /// <summary>Inputs that the class does not declare count for nothing: validation did not look behind them.</summary>
    private static bool IsNeeded(GraphNode node, string name) =>
        node.Class.InputsByName.TryGetValue(name, out var input) && input is { IsLazy: false, Hidden: null };

    private void Link(string from, string to)
    {
        Visits++;
        if (_links.Add((from, to)))
        {
            if (!_sources.TryGetValue(to, out var sources))
            {
                _sources[to] = sources = [];
            }

            sources.Add(from);
        }

        if (!_pending.TryGetValue(to, out var target))
        {
            return;
        }

        Want(target, from);
        if (_pending.TryGetValue(from, out var source) && source.TryAdd(target, _ready))
        {
            target.Blocks++;
            _ready.Remove(target);
        }
    }

    private void Want(PendingNode node, string source)
    {
        if (node.Wants.Add(source))
        {
            var before = _wanted.GetValueOrDefault(source);
            _wanted[source] = before + 1;
            if (before == 0)
            {
                wanted?.Invoke(source, true);
            }
        }
    }
}
