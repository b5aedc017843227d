using ComfyServe.Diffusion.Runtime;
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
            // Without this thread every prompt would wait for ever.
            Log.Died(logger, e);
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
                var free = queue.Finish(() => history.Add(item, outcome));
                runner.AnnounceEnd(item.Prompt);
                runner.Free(free);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2121, LogLevel.Critical, "the inference thread has died: the engine stops")]
        public static partial void Died(ILogger logger, Exception exception);
    }
}
