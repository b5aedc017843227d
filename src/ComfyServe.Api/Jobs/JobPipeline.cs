using System.Diagnostics.CodeAnalysis;
using ComfyServe.Api.Engines;
using ComfyServe.Api.Inputs;
using ComfyServe.Api.Outputs;
using ComfyServe.Api.Owners;
using ComfyServe.Api.Requests;
using ComfyServe.Api.Telemetry;
using ComfyServe.Contracts.Api;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Jobs;

/// <summary>Takes one job through its stages: prepare the inputs, generate on an engine, store the outputs.</summary>
internal sealed partial class JobPipeline(
    InputPreparer preparer, GenerationStage generation, OutputCollector collector, ObjectStores stores, TimeProvider time, ILogger<JobPipeline> logger) : IDisposable
{
    private readonly SuspectLane _suspects = new();

    /// <summary>Works until the job is over. Never throws.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "The top of a job: whatever goes wrong must end in a terminal state.")]
    public async Task RunAsync(Job job)
    {
        try
        {
            if (job.Request.Defect is { } defect)
            {
                job.Fail($"Preprocessing failed: {defect.Message}", defect);
                return;
            }

            using var turn = await _suspects.EnterAsync(job);
            var (isOver, run) = await generation.ResumeAsync(job);
            if (!isOver)
            {
                using var deadline = QueueDeadline.Begin(job, job.Request.Budgets?.Queue is { } seconds ? TimeSpan.FromSeconds(seconds) : generation.LongestQueue, time);
                using var prepared = await PrepareAsync(job);
                run = await generation.RunAsync(job, prepared);
            }

            if (run is { Outcome.Error: { } error })
            {
                await FailWithOutputsAsync(job, run, error);
            }
            else if (run is not null)
            {
                await CollectAsync(job, run);
            }
        }
        catch (InputException e)
        {
            FailOfInputs(job, e);
        }
        catch (OperationCanceledException) when (job.Cancellation.IsCancellationRequested)
        {
            // Whoever cancelled has ended the job, or has left it to the next start.
        }
        catch (Exception e)
        {
            Log.Defect(logger, job.Id, e);
            job.Fail("Internal error", new() { Code = JobErrorCode.Internal, Message = "Internal error; the service's log has it under the request's id" });
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _suspects.Dispose();

    private static void FailOfInputs(Job job, InputException e)
    {
        var first = e.Failures.Count > 0 ? e.Failures[0].Input : null;
        var error = new JobError { Code = e.Code, Message = e.Message, NodeId = first?.NodeId, NodeType = first?.NodeType, Retryable = e.Code == JobErrorCode.InputUnreachable };
        var problems = e.Code == JobErrorCode.InputRefused ? e.Failures.Select(static f => f.ToProblem()).ToList() : [];
        job.TryFinish(s => s with
        {
            Status = JobStatus.Failed,
            Message = $"Preprocessing failed: {e.Message}",
            Error = error,
            Problems = problems.Count > 0 ? problems : null,
        });
    }

    private async Task<PreparedInputs> PrepareAsync(Job job)
    {
        using var activity = JobTelemetry.Begin("inputs", job.Id);
        var began = time.GetTimestamp();
        var drawn = new List<DrawnNumber>(job.Request.Choices);
        var workflow = RandomNumbers.Replace(job.Request.Workflow, new KeyedRandom(job.Request.RunKey), drawn);
        var prepared = await preparer.PrepareAsync(workflow, job.Request.Owner, job.Cancellation);
        job.Update(s => s with
        {
            Status = JobStatus.Processing,
            Message = "Preprocessing complete. Queued for generation.",
            Numbers = drawn.Count > 0 ? drawn : null,
            Timings = s.Timings with { PreprocessMs = Milliseconds(began) },
        });
        return prepared;
    }

    private async Task CollectAsync(Job job, GeneratedRun run)
    {
        using var activity = JobTelemetry.Begin("outputs", job.Id);
        var began = time.GetTimestamp();
        job.Update(s => s with { Status = JobStatus.Generated, Message = "Generation complete. Queued for post-processing.", Fraction = 1 });
        var catalog = OutputCatalog.Read(run.Outcome.History!.Outputs, run.Outcome.Run!.Shown, OwnerFiles.Of(job.Request.Owner));
        try
        {
            var files = await collector.CollectAsync(run.Engine, job.Request, catalog.Files, stores.For(job.Request), job.Cancellation);
            job.TryFinish(s => Showing(s, catalog, files, began) with { Status = JobStatus.Completed, Message = "Processing complete." });
        }
        catch (ObjectStoreException e)
        {
            // No file could be stored at all; what there would have been is told.
            job.TryFinish(s => s with
            {
                Status = JobStatus.Failed,
                Message = $"Post-processing failed: {e.Message}",
                Error = new() { Code = JobErrorCode.OutputFailed, Message = e.Message },
                Output = OutputCollector.Describe(job.Request, catalog.Files),
                Texts = catalog.Texts.Count > 0 ? catalog.Texts : null,
            });
        }
        catch (EngineUnreachableException e)
        {
            job.Fail($"Post-processing failed: {e.Message}", new() { Code = JobErrorCode.EngineUnreachable, Message = e.Message, Retryable = true });
        }
    }

    /// <summary>Ends a job whose run failed with what the run had made before; an error in fetching that says nothing new.</summary>
    private async Task FailWithOutputsAsync(Job job, GeneratedRun run, JobError error)
    {
        using var activity = JobTelemetry.Begin("outputs", job.Id);
        var began = time.GetTimestamp();
        var catalog = OutputCatalog.Read(run.Outcome.History?.Outputs ?? default, run.Outcome.Run!.Shown, OwnerFiles.Of(job.Request.Owner));
        IReadOnlyList<OutputFile> files;
        try
        {
            files = await collector.CollectAsync(run.Engine, job.Request, catalog.Files, stores.For(job.Request), job.Cancellation);
        }
        catch (Exception e) when (e is ObjectStoreException or EngineUnreachableException)
        {
            Log.NotCollected(logger, job.Id, e.Message);
            files = OutputCollector.Describe(job.Request, catalog.Files);
        }

        job.TryFinish(s => Showing(s, catalog, files, began) with { Status = JobStatus.Failed, Message = $"Generation failed: {error.Message}", Error = error });
    }

    private JobSnapshot Showing(JobSnapshot snapshot, OutputCatalog catalog, IReadOnlyList<OutputFile> files, long began) => snapshot with
    {
        Output = files,
        Texts = catalog.Texts.Count > 0 ? catalog.Texts : null,
        Timings = snapshot.Timings with { PostprocessMs = Milliseconds(began) },
    };

    private long Milliseconds(long since) => (long)time.GetElapsedTime(since).TotalMilliseconds;

    private static partial class Log
    {
        [LoggerMessage(2104, LogLevel.Warning, "What the failed run of request '{RequestId}' had made could not be fetched: {Reason}")]
        public static partial void NotCollected(ILogger logger, string requestId, string reason);

        [LoggerMessage(2100, LogLevel.Error, "Request '{RequestId}' hit a defect")]
        public static partial void Defect(ILogger logger, string requestId, Exception exception);
    }
}
