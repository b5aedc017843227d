namespace ComfyServe.Engine.Execution;

/// <summary>Results of nodes by signature.</summary>
/// <remarks>Used from the inference thread only.</remarks>
internal interface IResultCache
{
    /// <summary>Whether <see cref="UsedUp"/> has a use.</summary>
    bool DropsWhatIsUsedUp { get; }

    /// <summary>Ids of the nodes that are signed.</summary>
    IReadOnlyCollection<string> KnownIds { get; }

    /// <summary>Signs the nodes of a new prompt and forgets what the policy does not keep.</summary>
    void Begin(PromptGraph graph, PromptSignatures signatures);

    /// <summary>Signs the nodes that an expansion added.</summary>
    void Expand(GraphNode parent, IReadOnlyList<string> children);

    /// <summary>The result under a node's signature; null where there is none.</summary>
    CachedResult? Find(string nodeId);

    /// <summary>The result under a node's signature; makes an empty one where there is none.</summary>
    CachedResult FindOrAdd(string nodeId);

    /// <summary>No node that has yet to run needs this node's outputs.</summary>
    /// <param name="nodeId">The node.</param>
    /// <param name="isWanted">Whether one needs another node's: equal nodes share a result.</param>
    void UsedUp(string nodeId, Func<string, bool> isWanted);

    /// <summary>Forgets everything.</summary>
    void Clear();
}
