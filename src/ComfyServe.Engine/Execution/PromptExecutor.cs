using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using TorchSharp;

namespace ComfyServe.Engine.Execution;

/// <summary>Runs prompts one after another and keeps results between them. Used from the inference thread only.</summary>
internal sealed class PromptExecutor
{
    private readonly ExecutionServices _services;
    private long _runs;

    /// <summary>Creates an executor with empty caches.</summary>
    /// <param name="catalogue">The node classes.</param>
    /// <param name="folders">Where files are.</param>
    /// <param name="models">Loaded models.</param>
    /// <param name="clock">For the messages' timestamps and for nodes.</param>
    /// <param name="random">Chance, for names of temporary files.</param>
    /// <param name="keptResults">Most results to keep from prompt to prompt, over several prompts; 0 keeps none. Null keeps all
    /// results of the newest prompt.</param>
    /// <param name="limits">What one run may take; null: the defaults.</param>
    /// <param name="gate">Asked before a node takes memory; null: one on the memory of this process.</param>
    /// <param name="giveUp">Ends the process, with a reason, where a run goes on too long after its end.</param>
    public PromptExecutor(
        NodeCatalogue catalogue,
        EngineFolders folders,
        ModelCache models,
        TimeProvider clock,
        Random random,
        int? keptResults = null,
        RunLimits? limits = null,
        Action<string>? giveUp = null,
        MemoryGate? gate = null)
    {
        var tensors = new TensorLedger();
        limits ??= new RunLimits();
        var room = new MemoryRoom(limits.Memory);
        _services = new ExecutionServices
        {
            Catalogue = catalogue,
            Folders = folders,
            Models = models,
            Clock = clock,
            Random = random,
            Tensors = tensors,
            Limits = limits,
            Gate = gate ?? MemoryGate.OfProcess(room),
            KeptBytes = limits.Kept ?? (room.Limit / 4),
            GiveUp = giveUp,
            Results = keptResults is { } capacity ? new RecentCache(tensors, capacity) : new ClassicCache(tensors),
        };
    }

    /// <summary>Number of tensors that cached results hold.</summary>
    public int HeldTensors => _services.Tensors.Count;

    /// <summary>Runs a validated prompt to its end. Every failure of a node is an outcome, no exception.</summary>
    public ExecutionOutcome Run(QueuedPrompt prompt, IExecutionListener listener, CancellationToken interrupted)
    {
        TorchRuntime.Initialize();
        using var inference = torch.inference_mode();
        using var scope = torch.NewDisposeScope();
        using var end = new RunEnd(prompt, _services, interrupted);
        using var interruption = Interruption.Enter(end.Token);
        var run = new PromptRun(_services, prompt, listener, ++_runs, end);
        var outcome = run.Execute();
        if (run.IsMemoryExhausted)
        {
            ResetCaches();
            _services.Models.Clear();
            MemoryRoom.Trim();
        }

        else if (_services.Gate.HasRefused || _services.Tensors.Bytes > _services.KeptBytes)
        {
            // Models stay: a run that asks for too much must not cost the others theirs.
            _services.Gate.HasRefused = false;
            ResetCaches();
            MemoryRoom.Trim();
        }

        return outcome;
    }

    /// <summary>Bytes that cached results hold.</summary>
    public long HeldBytes => _services.Tensors.Bytes;

    /// <summary>Forgets every cached result and node instance. Call before <see cref="ModelCache.Clear"/>.</summary>
    public void ResetCaches()
    {
        _services.Results.Clear();
        _services.Instances.Clear();
    }
}
