using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using ComfyServe.Api.Engines;
using ComfyServe.Api.Outputs;
using ComfyServe.Api.Requests;
using ComfyServe.Contracts.Api;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Jobs;

/// <summary>Takes one job through its stages: prepare the inputs, generate on an engine, store the outputs.</summary>
internal sealed partial class JobPipeline(
    EnginePool pool, EngineRunner runner, OutputCollector collector, LocalObjectStore store, TimeProvider time, ILogger<JobPipeline> logger)
{
    private const int MaxAttempts = 3;

    /// <summary>Works until the job is over. Never throws.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "The top of a job: whatever goes wrong must end in a terminal state.")]
    public async Task RunAsync(Job job)
    {
        try
        {
            var prepared = Prepare(job);
            if (await GenerateAsync(job, prepared) is { } generated)
            {
                await CollectAsync(job, generated.Engine, generated.Outcome);
            }
        }
        catch (OperationCanceledException) when (job.Cancellation.IsCancellationRequested)
        {
            // Whoever cancelled has ended the job.
        }
        catch (Exception e)
        {
            Log.Defect(logger, job.Id, e);
            Fail(job, "Internal error", new() { Code = JobErrorCode.Internal, Message = "Internal error; the service's log has it under the request's id" });
        }
    }

    private ReadOnlyMemory<byte> Prepare(Job job)
    {
        var began = time.GetTimestamp();
        var drawn = new List<DrawnNumber>();
        var workflow = RandomNumbers.Replace(job.Request.Workflow, new Random(), drawn);
        job.Update(s => s with
        {
            Status = JobStatus.Processing,
            Message = "Preprocessing complete. Queued for generation.",
            Numbers = drawn.Count > 0 ? drawn : null,
            Timings = s.Timings with { PreprocessMs = Milliseconds(began) },
        });
        return workflow;
    }

    private async Task<(Engine Engine, RunOutcome Outcome)?> GenerateAsync(Job job, ReadOnlyMemory<byte> workflow)
    {
        var queued = time.GetTimestamp();
        var nodeCount = CountNodes(workflow);
        for (var attempt = 1; ; attempt++)
        {
            RunOutcome outcome;
            Engine engine;
            try
            {
                using var lease = await pool.AcquireAsync(job, job.Cancellation);
                engine = lease.Engine;
                var began = time.GetTimestamp();
                var promptId = Guid.NewGuid().ToString();
                job.Update(s => s with
                {
                    Status = JobStatus.Generating,
                    Message = $"Generation started (ComfyUI job: {promptId})",
                    Timings = s.Timings with { QueueMs = Milliseconds(queued) },
                });
                outcome = await runner.RunAsync(engine, promptId, workflow, nodeCount, takeOver: false, job, job.Cancellation);
                Note(job, outcome, began);
            }
            catch (EngineUnreachableException e)
            {
                Fail(job, $"Generation failed: {e.Message}", new() { Code = JobErrorCode.EngineUnreachable, Message = e.Message, Retryable = true });
                return null;
            }

            Judge(engine, outcome.Error);
            if (outcome.Error is not { } error)
            {
                return (engine, outcome);
            }

            if (attempt >= MaxAttempts || !await MayRetryAsync(engine, outcome, attempt, job.Cancellation))
            {
                Fail(job, $"Generation failed: {error.Message}", error);
                return null;
            }

            Log.Retrying(logger, job.Id, engine.Name, attempt, error.Code);
        }
    }

    private async Task<bool> MayRetryAsync(Engine engine, RunOutcome outcome, int attempt, CancellationToken cancellationToken)
    {
        if (!outcome.Repeatable)
        {
            return false;
        }

        switch (outcome.Error!.Code)
        {
            case JobErrorCode.OutOfMemory when attempt == 1:
                await FreeAsync(engine, cancellationToken);
                return true;
            case JobErrorCode.OutOfMemory:
                return false;
            case JobErrorCode.GpuUnrecoverable:
                return pool.HasOther(engine);
            case JobErrorCode.EngineUnreachable:
                return pool.HasOther(engine) || !engine.Socket.IsConnected;
            default:
                return true;
        }
    }

    private async Task FreeAsync(Engine engine, CancellationToken cancellationToken)
    {
        try
        {
            await engine.Client.FreeAsync(cancellationToken);
        }
        catch (EngineUnreachableException e)
        {
            Log.NotFreed(logger, engine.Name, e.Message);
        }
    }

    private void Judge(Engine engine, JobError? error)
    {
        switch (error?.Code)
        {
            case JobErrorCode.EngineUnreachable:
                pool.Failed(engine);
                break;
            case JobErrorCode.GpuUnrecoverable:
                pool.Latch(engine, error.Message);
                break;
            default:
                engine.Health.Succeeded();
                break;
        }
    }

    private void Note(Job job, RunOutcome outcome, long began)
    {
        var response = outcome is { History: { } history, Run: { } run }
            ? ComfyResponse.Build(history, run, outcome.NodeErrors, outcome.Error?.Message)
            : GenerateResult.EmptyObject;
        job.Update(s => s with
        {
            Response = response,
            Timings = s.Timings with { GenerationMs = Milliseconds(began), ExecutionMs = outcome.History?.ExecutionMilliseconds() },
        });
    }

    private async Task CollectAsync(Job job, Engine engine, RunOutcome outcome)
    {
        var began = time.GetTimestamp();
        job.Update(s => s with { Status = JobStatus.Generated, Message = "Generation complete. Queued for post-processing.", Fraction = 1 });
        var catalog = OutputCatalog.Read(outcome.History!.Outputs, outcome.Run!.Shown);
        try
        {
            var files = await collector.CollectAsync(engine, job.Request, catalog.Files, store.For(job.Request.PublicUrl), job.Cancellation);
            job.TryFinish(s => s with
            {
                Status = JobStatus.Completed,
                Message = "Processing complete.",
                Output = files,
                Texts = catalog.Texts.Count > 0 ? catalog.Texts : null,
                Timings = s.Timings with { PostprocessMs = Milliseconds(began) },
            });
        }
        catch (EngineUnreachableException e)
        {
            Fail(job, $"Post-processing failed: {e.Message}", new() { Code = JobErrorCode.EngineUnreachable, Message = e.Message, Retryable = true });
        }
    }

    private static void Fail(Job job, string message, JobError error) => job.TryFinish(s => s with { Status = JobStatus.Failed, Message = message, Error = error });

    private static int CountNodes(ReadOnlyMemory<byte> workflow)
    {
        using var document = JsonDocument.Parse(workflow, new JsonDocumentOptions { MaxDepth = JsonLimits.MaxDepth });
        return document.RootElement.GetPropertyCount();
    }

    private long Milliseconds(long since) => (long)time.GetElapsedTime(since).TotalMilliseconds;

    private static partial class Log
    {
        [LoggerMessage(2100, LogLevel.Error, "Request '{RequestId}' hit a defect")]
        public static partial void Defect(ILogger logger, string requestId, Exception exception);

        [LoggerMessage(2101, LogLevel.Warning, "Request '{RequestId}' is tried again: attempt {Attempt} on engine '{Engine}' ended with {Code}")]
        public static partial void Retrying(ILogger logger, string requestId, string engine, int attempt, JobErrorCode code);

        [LoggerMessage(2102, LogLevel.Warning, "Engine '{Engine}' could not be asked to free memory: {Reason}")]
        public static partial void NotFreed(ILogger logger, string engine, string reason);
    }
}
