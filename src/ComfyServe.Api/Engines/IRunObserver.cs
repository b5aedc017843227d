using ComfyServe.Api.Owners;

namespace ComfyServe.Api.Engines;

/// <summary>Hears how a run goes on, in the engine's order. Called from the socket's loop: must be quick.</summary>
internal interface IRunObserver
{
    /// <summary>Whether a run that is no longer watched goes on, for somebody who will watch it again.</summary>
    bool LeavesRunning { get; }

    /// <summary>How long execution may take, where less than the service's own limit is wanted.</summary>
    TimeSpan? RunLimit { get; }

    /// <summary>The files of the run's owner, where callers show keys.</summary>
    OwnerFiles? Files { get; }

    /// <summary>The engine is about to be given the workflow, or has it already. Awaited, unlike all that follows.</summary>
    /// <param name="startsAtOnce">Whether nothing else of ours keeps the engine from beginning with it.</param>
    Task OnSubmitAsync(bool startsAtOnce);

    /// <summary>The engine began to execute the workflow.</summary>
    void OnStarted();

    /// <summary>The engine began a node.</summary>
    /// <param name="nodeId">The node.</param>
    /// <param name="fraction">Share of the workflow's nodes that are done, 0 … 1.</param>
    void OnNode(string nodeId, double fraction);

    /// <summary>A node made a step.</summary>
    /// <param name="nodeId">The node; blank where the engine does not say.</param>
    /// <param name="value">Steps done.</param>
    /// <param name="max">Steps in all.</param>
    /// <param name="fraction">Share of the workflow that is done, 0 … 1.</param>
    void OnProgress(string nodeId, double value, double max, double fraction);

    /// <summary>The engine sent a preview image.</summary>
    /// <param name="nodeId">The node; blank where the engine does not say.</param>
    /// <param name="mediaType">Media type of <paramref name="image"/>.</param>
    /// <param name="image">The image; valid only during the call.</param>
    void OnPreview(string nodeId, string mediaType, ReadOnlySpan<byte> image);
}
