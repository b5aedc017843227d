namespace ComfyServe.Engine.Execution;

/// <summary>
/// The objects behind nodes that keep state: one for each pair of id and class, kept as long as that pair stays in
/// consecutive prompts.
/// </summary>
/// <remarks>Used from the inference thread only.</remarks>
internal sealed class NodeInstances
{
    private readonly Dictionary<(string Id, string Class), Kept> _instances = [];

    /// <summary>Forgets the instances whose node (for a node of an expansion: the node of the prompt that it came from) is gone.</summary>
    public void Begin(PromptGraph graph) =>
        Remove(kept => graph.Find(kept.RootId)?.Class.Name != kept.RootClass);

    /// <summary>Forgets the instances of a former expansion's nodes.</summary>
    public void Expand(GraphNode parent, IReadOnlyList<string> children)
    {
        var ids = children.ToHashSet(StringComparer.Ordinal);
        Remove(kept => kept.ParentId == parent.Id && !ids.Contains(kept.Id));
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
            _instances[key] = kept = new Kept(node.Id, node.Place.ParentNodeId, root.Id, root.Class.Name, instance);
        }

        return kept.Instance;
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => Remove(_ => true);

    private void Remove(Predicate<Kept> isGone)
    {
        foreach (var (key, kept) in _instances.Where(i => isGone(i.Value)).ToList())
        {
            _instances.Remove(key);
            (kept.Instance as IDisposable)?.Dispose();
        }
    }

    private sealed record Kept(string Id, string? ParentId, string RootId, string RootClass, object Instance);
}
