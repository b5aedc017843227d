using ComfyServe.Workflows.Signatures;

namespace ComfyServe.Engine.Execution;

/// <summary>
/// Keeps a number of results, those of the newest prompts; a prompt's own results stay while it runs, however many they
/// are. With a capacity of 0 no result survives its prompt, and within it a result goes when nothing needs it any more.
/// </summary>
/// <param name="tensors">Holds the results' tensors.</param>
/// <param name="capacity">Most results to keep from prompt to prompt.</param>
internal sealed class RecentCache(TensorLedger tensors, int capacity) : IResultCache
{
    private readonly Dictionary<string, Signature> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<Signature, Kept> _results = [];

    /// <summary>For each signature, how many of its nodes are wanted.</summary>
    private readonly Dictionary<Signature, int> _wanted = [];
    private PromptSignatures? _signatures;
    private long _prompt;

    /// <inheritdoc />
    public bool DropsWhatIsUsedUp => capacity == 0;

    /// <inheritdoc />
    public IReadOnlyCollection<string> KnownIds => _keys.Keys;

    /// <inheritdoc />
    public void Begin(PromptGraph graph, PromptSignatures signatures)
    {
        _signatures = signatures;
        _prompt++;
        _keys.Clear();
        _wanted.Clear();
        if (capacity == 0)
        {
            Forget(_results.Keys);
        }

        Sign(graph.PromptIds);
        var old = _results.Where(r => r.Value.LastPrompt < _prompt).OrderBy(r => r.Value.LastPrompt).Select(r => r.Key);
        Forget(old.Take(Math.Max(0, _results.Count - capacity)));
    }

    /// <inheritdoc />
    public void Expand(GraphNode parent, IReadOnlyList<string> children) => Sign(children);

    /// <inheritdoc />
    public CachedResult? Find(string nodeId) =>
        _keys.TryGetValue(nodeId, out var key) && _results.TryGetValue(key, out var kept) ? kept.Result : null;

    /// <inheritdoc />
    public CachedResult FindOrAdd(string nodeId)
    {
        var key = _keys[nodeId];
        if (!_results.TryGetValue(key, out var kept))
        {
            _results[key] = kept = new Kept { LastPrompt = _prompt };
        }

        return kept.Result;
    }

    /// <inheritdoc />
    public void Wanted(string nodeId, bool isWanted)
    {
        if (capacity == 0 && _keys.TryGetValue(nodeId, out var key))
        {
            _wanted[key] = _wanted.GetValueOrDefault(key) + (isWanted ? 1 : -1);
        }
    }

    /// <inheritdoc />
    public void UsedUp(string nodeId)
    {
        // What the node showed stays: the history tells it.
        if (capacity == 0 && Find(nodeId) is { Outputs: not null } result && _wanted.GetValueOrDefault(_keys[nodeId]) == 0)
        {
            tensors.Release(result.Held);
            (result.Outputs, result.Held) = (null, HeldMemory.None);
        }
    }

    /// <inheritdoc />
    public void Clear()
    {
        _keys.Clear();
        _wanted.Clear();
        Forget(_results.Keys);
    }

    private void Sign(IEnumerable<string> ids)
    {
        foreach (var id in ids)
        {
            var key = _signatures!.Of(id);
            _keys[id] = key;
            if (_results.TryGetValue(key, out var kept))
            {
                kept.LastPrompt = _prompt;
            }
        }
    }

    private void Forget(IEnumerable<Signature> keys)
    {
        foreach (var key in keys.ToList())
        {
            if (_results.Remove(key, out var kept))
            {
                tensors.Release(kept.Result.Held);
            }
        }
    }

    private sealed class Kept
    {
        public CachedResult Result { get; } = new();

        /// <summary>The newest prompt that has a node of this signature.</summary>
        public long LastPrompt { get; set; }
    }
}
