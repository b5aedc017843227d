namespace ComfyServe.Engine.Execution;

/// <summary>A node that has not run, with what waits for it and how soon it leads to something that shows.</summary>
/// <param name="node">The node.</param>
/// <param name="order">Its place in the order in which nodes were found.</param>
internal sealed class PendingNode(GraphNode node, int order)
{
    private readonly HashSet<PendingNode> _dependents = [];
    private readonly List<PendingNode> _sources = [];

    /// <summary>The node.</summary>
    public GraphNode Node { get; } = node;

    /// <summary>Its place in the order in which nodes were found.</summary>
    public int Order { get; } = order;

    /// <summary>Number of nodes that it waits for.</summary>
    public int Blocks { get; set; }

    /// <summary>0 shows something, 1 feeds such a node, 2 feeds one that does, 3 otherwise. Links only ever make it smaller.</summary>
    public int Rank { get; private set; } = node.Class.Node.IsOutput ? 0 : 3;

    /// <summary>The ids of the nodes that it is linked to, by lazy inputs too.</summary>
    public HashSet<string> Wants { get; } = new(StringComparer.Ordinal);

    /// <summary>The nodes that wait for it.</summary>
    public IReadOnlyCollection<PendingNode> Dependents => _dependents;

    /// <summary>The nodes that it waits, or waited, for.</summary>
    public IReadOnlyList<PendingNode> Sources => _sources;

    private bool FeedsOutput { get; set; }

    /// <summary>Lets a node wait for this one. False where it does already.</summary>
    /// <param name="dependent">The node that waits.</param>
    /// <param name="ready">The nodes that wait for nothing, sorted by rank: a node whose rank changes is put back in.</param>
    public bool TryAdd(PendingNode dependent, SortedSet<PendingNode> ready)
    {
        if (!_dependents.Add(dependent))
        {
            return false;
        }

        dependent._sources.Add(this);
        if (dependent.Node.Class.Node.IsOutput && !FeedsOutput)
        {
            // Once for each node: the whole graph costs as many looks as it has links.
            FeedsOutput = true;
            Lower(1, ready);
            foreach (var source in _sources)
            {
                source.Lower(2, ready);
            }
        }

        if (dependent.FeedsOutput)
        {
            Lower(2, ready);
        }

        return true;
    }

    private void Lower(int rank, SortedSet<PendingNode> ready)
    {
        if (rank >= Rank)
        {
            return;
        }

        // The order of a sorted set must not change under it.
        var wasReady = ready.Remove(this);
        Rank = rank;
        if (wasReady)
        {
            ready.Add(this);
        }
    }
}
