using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Execution;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace ComfyServe.Engine.Queue;

/// <summary>
/// The one thread that touches tensors: inference mode belongs to a thread, so nothing on it awaits. It starts when the
/// engine listens already, and loads libtorch then.
/// </summary>
internal sealed partial class InferenceThread(
    PromptQueue queue, PromptHistory history, PromptRunner runner, IHostApplicationLifetime lifetime, ILogger<InferenceThread> logger)
    : IHostedLifecycleService
{
    /// <summary>Graphs are walked recursively: deep ones need a deep stack.</summary>
    private const int StackBytes = 64 << 20;

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Thread? _thread;

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _thread = new Thread(Run, StackBytes) { Name = "inference", IsBackground = true };
        _thread.Start();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        queue.Close();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => _thread is null ? Task.CompletedTask : _ended.Task.WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Run()
    {
        try
        {
            _ = TorchRuntime.Initialize();
            using var inference = torch.inference_mode();
            runner.Prepare();
            Serve();
            runner.Close();
        }
        catch (Exception e)
        {
            // Without this thread every prompt would wait for ever. Who supervises the process learns it from the code.
            Log.Died(logger, e);
            Environment.ExitCode = EngineServer.ExitCodeOfFailure;
            lifetime.StopApplication();
        }
        finally
        {
            _ = _ended.TrySetResult();
        }
    }

    private void Serve()
    {
        while (queue.Take() is { } work)
        {
            runner.Free(work.Free);
            if (work.Item is { } item)
            {
                var outcome = runner.Run(item.Prompt, work.Interrupted);
                var free = queue.Finish(() => Record(item, outcome));
                Announce(item);
                runner.Free(free);
            }
        }
    }

    /// <summary>What is written about a run must not end the thread that runs the next.</summary>
    private void Record(QueueItem item, ExecutionOutcome outcome)
    {
        try
        {
            history.Add(item, outcome);
        }
        catch (OutOfMemoryException e)
        {
            Log.NotRecorded(logger, e, item.Prompt.PromptId);
            history.AddBrief(item, runner.Unrecorded(item.Prompt));
        }
    }

    private void Announce(QueueItem item)
    {
        try
        {
            runner.AnnounceEnd(item.Prompt);
        }
        catch (OutOfMemoryException e)
        {
            // Who waits for the message finds the history.
            Log.NotAnnounced(logger, e, item.Prompt.PromptId);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(6122, LogLevel.Error, "what prompt '{PromptId}' showed does not fit into memory and is not in the history")]
        public static partial void NotRecorded(ILogger logger, Exception exception, string promptId);

        [LoggerMessage(6123, LogLevel.Warning, "the end of prompt '{PromptId}' could not be told to its client: memory ran out")]
        public static partial void NotAnnounced(ILogger logger, Exception exception, string promptId);

        [LoggerMessage(6121, LogLevel.Critical, "the inference thread has died: the engine stops")]
        public static partial void Died(ILogger logger, Exception exception);
    }
}
