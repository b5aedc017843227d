using System.Text.Json.Nodes;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Events;
using ComfyServe.Engine.Execution;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Engine.Queue;

/// <summary>Runs prompts and frees memory, on the inference thread.</summary>
internal sealed partial class PromptRunner(
    EngineNodes nodes, EngineFolders folders, SocketHub hub, EngineOptions options, TimeProvider clock, ILogger<PromptRunner> logger)
{
    private const string NoRoom = "what the run showed does not fit into memory; show less (limit 'shown' of the engine), or give the engine more memory";

    private readonly ModelCache _models = new(
        options.Fp32 ? ComputeFormat.Fp32 : null, warning => Log.Warned(logger, warning), tell: sentence => Log.Told(logger, sentence));
    private PromptExecutor? _executor;

    /// <summary>What clients that connect in the middle of a run are told.</summary>
    public RunningPrompt Running { get; } = new();

    /// <summary>Loads what the first prompt needs.</summary>
    public void Prepare() => _executor ??=
        new PromptExecutor(nodes.Catalogue, folders, _models, clock, new Random(), options.KeptResults, options.Limits, options.GiveUp);

    /// <summary>Runs a prompt to its end, whatever happens.</summary>
    public ExecutionOutcome Run(QueuedPrompt prompt, CancellationToken interrupted)
    {
        var events = new RunEvents(hub, Running, prompt, options.Previews);
        try
        {
            Prepare();
            return _executor!.Run(prompt, events, interrupted);
        }
        catch (Exception e)
        {
            // A node's failure is an outcome; this is a mistake of ours, and the next prompt must run all the same.
            Log.Failed(logger, e, prompt.PromptId);
            if (MemoryExhaustion.Is(e))
            {
                Empty();
            }

            return Failure(prompt, events, e);
        }
        finally
        {
            Running.Clear();
        }
    }

    /// <summary>Tells the client that its prompt has ended: the history is written by then.</summary>
    public void AnnounceEnd(QueuedPrompt prompt)
    {
        if (prompt.ClientId is { } client)
        {
            hub.Send(client, SocketHub.Message("executing", new JsonObject { ["node"] = null, ["prompt_id"] = prompt.PromptId }));
        }
    }

    /// <summary>How a run ended whose real outcome does not fit into memory.</summary>
    public ExecutionOutcome Unrecorded(QueuedPrompt prompt)
    {
        Empty();
        return new ExecutionOutcome("error", Completed: false, [new JsonArray("execution_error", Data(prompt, "torch.OutOfMemoryError", NoRoom))], [], []);
    }

    /// <summary>Gives memory back.</summary>
    public void Free(FreeRequest request)
    {
        if (!request.FreeMemory && (!request.UnloadModels || _models.Count == 0))
        {
            return;
        }

        Empty();
        Log.Freed(logger);
    }

    /// <summary>Ends the work: the process may go on, with other engines in it, and models take gigabytes.</summary>
    public void Close()
    {
        if (_models.Count > 0)
        {
            Empty();
        }
    }

    private void Empty()
    {
        // Cached results may hold models: they go first.
        _executor?.ResetCaches();
        _models.Clear();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        MemoryRoom.Trim();
    }

    private ExecutionOutcome Failure(QueuedPrompt prompt, RunEvents events, Exception exception)
    {
        var data = Data(prompt, exception.GetType().FullName, exception.Message);
        var message = new JsonArray("execution_error", data.DeepClone());
        events.Send("execution_error", data, Audience.Client);
        return new ExecutionOutcome("error", Completed: false, [message], [], []);
    }

    private JsonObject Data(QueuedPrompt prompt, string? type, string message) => new()
    {
        ["prompt_id"] = prompt.PromptId,
        ["node_id"] = null,
        ["node_type"] = null,
        ["executed"] = new JsonArray(),
        ["exception_message"] = $"{ValueText.Cut(message)}\n",
        ["exception_type"] = type,
        ["traceback"] = new JsonArray(),
        ["current_inputs"] = new JsonObject(),
        ["current_outputs"] = new JsonArray(),
        ["timestamp"] = clock.GetUtcNow().ToUnixTimeMilliseconds(),
    };

    private static partial class Log
    {
        [LoggerMessage(6111, LogLevel.Error, "prompt '{PromptId}' failed outside of its nodes")]
        public static partial void Failed(ILogger logger, Exception exception, string promptId);

        [LoggerMessage(6112, LogLevel.Information, "models and cached results are freed")]
        public static partial void Freed(ILogger logger);

        [LoggerMessage(6113, LogLevel.Warning, "{Warning}")]
        public static partial void Warned(ILogger logger, string warning);

        [LoggerMessage(6114, LogLevel.Information, "{Sentence}")]
        public static partial void Told(ILogger logger, string sentence);
    }
}
