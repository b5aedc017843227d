namespace ComfyServe.Engine.Execution;

/// <summary>Results of nodes by signature.</summary>
/// <remarks>Used from the inference thread only.</remarks>
internal interface IResultCache
{
    /// <summary>Whether <see cref="UsedUp"/> and <see cref="Wanted"/> have a use.</summary>
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

    /// <summary>A node that has yet to run is linked to this node, the first one; or the last one ran.</summary>
    void Wanted(string nodeId, bool isWanted);

    /// <summary>A node ran, or one that is linked to it: drops its outputs where no node that has yet to run needs them, nor
    /// those of an equal node: equal nodes share a result.</summary>
    void UsedUp(string nodeId);

    /// <summary>Forgets everything.</summary>
    void Clear();
}
