using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Execution;

/// <summary>Runs prompts one after another and keeps results between them. Used from the inference thread only.</summary>
internal sealed class PromptExecutor(
    NodeCatalogue catalogue, EngineFolders folders, ModelCache models, TimeProvider clock, Random random)
{
    private readonly NotSupportedException _missing = new(
        $"execution follows with the next commit ({catalogue.Nodes.Count} nodes, {folders.Root}, {models.Count}, {clock.LocalTimeZone}, {random.Next()})");

    /// <summary>Runs a prompt to its end. Returns an outcome for every failure of a node.</summary>
    public ExecutionOutcome Run(QueuedPrompt prompt, IExecutionListener listener, CancellationToken interrupted) => throw _missing;

    /// <summary>Forgets every cached result and node instance. Call before <see cref="ModelCache.Clear"/>.</summary>
    public void ResetCaches() => throw _missing;
}
