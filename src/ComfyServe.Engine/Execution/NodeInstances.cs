namespace ComfyServe.Engine.Execution;

/// <summary>
/// The objects behind nodes that keep state: one for each pair of id and class, kept as long as that pair stays in
/// consecutive prompts.
/// </summary>
/// <remarks>Used from the inference thread only.</remarks>
internal sealed class NodeInstances
{
    private readonly Dictionary<(string Id, string Class), Kept> _instances = [];

    /// <summary>The keys of an expansion's nodes by the node that added them: a loop adds thousands of expansions.</summary>
    private readonly Dictionary<string, HashSet<(string Id, string Class)>> _byParent = new(StringComparer.Ordinal);

    /// <summary>Forgets the instances whose node (for a node of an expansion: the node of the prompt that it came from) is gone.</summary>
    public void Begin(PromptGraph graph) =>
        Remove(_instances.Where(i => graph.Find(i.Value.RootId)?.Class.Name != i.Value.RootClass).Select(i => i.Key));

    /// <summary>Forgets the instances of a former expansion's nodes.</summary>
    public void Expand(GraphNode parent, IReadOnlyList<string> children)
    {
        if (_byParent.TryGetValue(parent.Id, out var known))
        {
            var ids = children.ToHashSet(StringComparer.Ordinal);
            Remove(known.Where(key => !ids.Contains(key.Id)));
        }
    }

    /// <summary>The instance of a node; null where its method needs none.</summary>
    public object? Of(GraphNode node, PromptGraph graph)
    {
        if (node.Class.Method.IsStatic)
        {
            return null;
        }

        var key = (node.Id, node.Class.Name);
        if (!_instances.TryGetValue(key, out var kept))
        {
            var instance = Activator.CreateInstance(node.Class.Method.DeclaringType!, nonPublic: true)!;
            var root = graph[node.Place.RealNodeId];
            _instances[key] = kept = new Kept(node.Place.ParentNodeId, root.Id, root.Class.Name, instance);
            if (kept.ParentId is { } parent)
            {
                Siblings(parent).Add(key);
            }
        }

        return kept.Instance;
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => Remove(_instances.Keys);

    private HashSet<(string Id, string Class)> Siblings(string parent)
    {
        if (!_byParent.TryGetValue(parent, out var siblings))
        {
            _byParent[parent] = siblings = [];
        }

        return siblings;
    }

    private void Remove(IEnumerable<(string Id, string Class)> keys)
    {
        foreach (var key in keys.ToList())
        {
            if (!_instances.Remove(key, out var kept))
            {
                continue;
            }

            (kept.Instance as IDisposable)?.Dispose();
            if (kept.ParentId is { } parent && Siblings(parent).Remove(key) && Siblings(parent).Count == 0)
            {
                _byParent.Remove(parent);
            }
        }
    }

    private sealed record Kept(string? ParentId, string RootId, string RootClass, object Instance);
}
