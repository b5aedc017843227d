using ComfyServe.Workflows.Signatures;

namespace ComfyServe.Engine.Execution;

/// <summary>
/// Keeps the results of the newest prompt's nodes. Nodes of expansions are kept below the node that added them, as long
/// as that node (by id and class) stays in consecutive prompts.
/// </summary>
internal sealed class ClassicCache(TensorLedger tensors) : IResultCache
{
    private readonly Level _top = new();
    private PromptGraph? _graph;
    private PromptSignatures? _signatures;

    /// <inheritdoc />
    public bool DropsWhatIsUsedUp => false;

    /// <inheritdoc />
    public IReadOnlyCollection<string> KnownIds
    {
        get
        {
            var ids = new HashSet<string>(StringComparer.Ordinal);
            _top.AddIds(ids);
            return ids;
        }
    }

    /// <inheritdoc />
    public void Begin(PromptGraph graph, PromptSignatures signatures)
    {
        (_graph, _signatures) = (graph, signatures);
        Renew(_top, [.. graph.PromptIds]);
    }

    /// <inheritdoc />
    public void Expand(GraphNode parent, IReadOnlyList<string> children)
    {
        var level = LevelOf(parent.Id);
        var key = (parent.Id, parent.Class.Name);
        if (!level.Below.TryGetValue(key, out var below))
        {
            level.Below[key] = below = new Level();
        }

        Renew(below, children);
    }

    /// <inheritdoc />
    public CachedResult? Find(string nodeId) =>
        LevelOf(nodeId) is var level && level.Keys.TryGetValue(nodeId, out var key) ? level.Results.GetValueOrDefault(key) : null;

    /// <inheritdoc />
    public CachedResult FindOrAdd(string nodeId)
    {
        var level = LevelOf(nodeId);
        var key = level.Keys[nodeId];
        if (!level.Results.TryGetValue(key, out var result))
        {
            level.Results[key] = result = new CachedResult();
        }

        return result;
    }

    /// <inheritdoc />
    public void Drop(string nodeId)
    {
        var level = LevelOf(nodeId);
        if (level.Keys.TryGetValue(nodeId, out var key) && level.Results.Remove(key, out var result))
        {
            tensors.Release(result.Tensors);
        }
    }

    /// <inheritdoc />
    public void Clear()
    {
        _top.Clear(tensors);
        (_graph, _signatures) = (null, null);
    }

    private Level LevelOf(string nodeId)
    {
        var parent = _graph?.Find(nodeId)?.Place.ParentNodeId;
        return parent is null ? _top : LevelOf(parent).Below[(parent, _graph![parent].Class.Name)];
    }

    private void Renew(Level level, IReadOnlyList<string> ids)
    {
        level.Keys.Clear();
        foreach (var id in ids)
        {
            level.Keys[id] = _signatures!.Of(id);
        }

        level.Clean(tensors, [.. ids.Select(id => (id, _graph![id].Class.Name))]);
    }

    /// <summary>The nodes of the prompt, or of one expansion.</summary>
    private sealed class Level
    {
        public Dictionary<string, Signature> Keys { get; } = new(StringComparer.Ordinal);

        public Dictionary<Signature, CachedResult> Results { get; } = [];

        public Dictionary<(string Id, string Class), Level> Below { get; } = [];

        public void AddIds(HashSet<string> ids)
        {
            ids.UnionWith(Keys.Keys);
            foreach (var level in Below.Values)
            {
                level.AddIds(ids);
            }
        }

        public void Clean(TensorLedger tensors, HashSet<(string Id, string Class)> nodes)
        {
            var signatures = Keys.Values.ToHashSet();
            foreach (var (key, result) in Results.Where(r => !signatures.Contains(r.Key)).ToList())
            {
                Results.Remove(key);
                tensors.Release(result.Tensors);
            }

            foreach (var (key, level) in Below.Where(l => !nodes.Contains(l.Key)).ToList())
            {
                Below.Remove(key);
                level.Clear(tensors);
            }
        }

        public void Clear(TensorLedger tensors)
        {
            Keys.Clear();
            Clean(tensors, []);
        }
    }
}
