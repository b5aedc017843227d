using ComfyServe.Workflows.Signatures;

namespace ComfyServe.Engine.Execution;

/// <summary>
/// Keeps the results of the newest prompt's nodes. Nodes of expansions are kept below the node that added them, as long
/// as that node (by id and class) stays in consecutive prompts.
/// </summary>
internal sealed class ClassicCache(TensorLedger tensors) : IResultCache
{
    private readonly Level _top = new();

    /// <summary>The level of each node of the running prompt.</summary>
    private readonly Dictionary<string, Level> _levels = new(StringComparer.Ordinal);

    private PromptGraph? _graph;
    private PromptSignatures? _signatures;

    /// <inheritdoc />
    public bool DropsWhatIsUsedUp => false;

    /// <inheritdoc />
    public IReadOnlyCollection<string> KnownIds =>
        _top.WithAllBelow().SelectMany(level => level.Keys.Keys).ToHashSet(StringComparer.Ordinal);

    /// <inheritdoc />
    public void Begin(PromptGraph graph, PromptSignatures signatures)
    {
        (_graph, _signatures) = (graph, signatures);
        _levels.Clear();
        Renew(_top, [.. graph.PromptIds]);
    }

    /// <inheritdoc />
    public void Expand(GraphNode parent, IReadOnlyList<string> children)
    {
        var level = _levels[parent.Id];
        var key = (parent.Id, parent.Class.Name);
        if (!level.Below.TryGetValue(key, out var below))
        {
            level.Below[key] = below = new Level();
        }

        Renew(below, children);
    }

    /// <inheritdoc />
    public CachedResult? Find(string nodeId) =>
        _levels.TryGetValue(nodeId, out var level) ? level.Results.GetValueOrDefault(level.Keys[nodeId]) : null;

    /// <inheritdoc />
    public CachedResult FindOrAdd(string nodeId)
    {
        var level = _levels[nodeId];
        var key = level.Keys[nodeId];
        if (!level.Results.TryGetValue(key, out var result))
        {
            level.Results[key] = result = new CachedResult();
        }

        return result;
    }

    /// <inheritdoc />
    public void Wanted(string nodeId, bool isWanted)
    {
        // Everything is kept.
    }

    /// <inheritdoc />
    public void UsedUp(string nodeId)
    {
        // The next prompt may need it.
    }

    /// <inheritdoc />
    public void Clear()
    {
        _levels.Clear();
        Drop(_top);
        (_graph, _signatures) = (null, null);
    }

    private void Renew(Level level, IReadOnlyList<string> ids)
    {
        level.Keys.Clear();
        foreach (var id in ids)
        {
            level.Keys[id] = _signatures!.Of(id);
        }

        foreach (var id in ids)
        {
            _levels[id] = level;
        }

        var signatures = level.Keys.Values.ToHashSet();
        Forget(level, key => !signatures.Contains(key));
        var nodes = ids.Select(id => (id, _graph![id].Class.Name)).ToHashSet();
        foreach (var (key, below) in level.Below.Where(b => !nodes.Contains(b.Key)).ToList())
        {
            level.Below.Remove(key);
            Drop(below);
        }
    }

    private void Drop(Level level)
    {
        foreach (var every in level.WithAllBelow().ToList())
        {
            every.Keys.Clear();
            every.Below.Clear();
            Forget(every, _ => true);
        }
    }

    private void Forget(Level level, Func<Signature, bool> isGone)
    {
        foreach (var (key, result) in level.Results.Where(r => isGone(r.Key)).ToList())
        {
            level.Results.Remove(key);
            tensors.Release(result.Held);
        }
    }

    /// <summary>The nodes of the prompt, or of one expansion.</summary>
    private sealed class Level
    {
        public Dictionary<string, Signature> Keys { get; } = new(StringComparer.Ordinal);

        public Dictionary<Signature, CachedResult> Results { get; } = [];

        public Dictionary<(string Id, string Class), Level> Below { get; } = [];

        /// <summary>Without recursion: a loop of expansions nests as deep as it runs long.</summary>
        public IEnumerable<Level> WithAllBelow()
        {
            var open = new Stack<Level>([this]);
            while (open.TryPop(out var level))
            {
                yield return level;
                foreach (var below in level.Below.Values)
                {
                    open.Push(below);
                }
            }
        }
    }
}
