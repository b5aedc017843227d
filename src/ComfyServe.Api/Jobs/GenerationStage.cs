using System.Text.Json;
using ComfyServe.Api.Engines;
using ComfyServe.Api.Inputs;
using ComfyServe.Api.Owners;
using ComfyServe.Api.Requests;
using ComfyServe.Api.Telemetry;
using ComfyServe.Contracts.Api;
using ComfyServe.Workflows;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Jobs;

/// <summary>Gets a prepared workflow run by some engine: waits for one, runs it, and tries again where that cannot do harm.</summary>
internal sealed partial class GenerationStage(ApiOptions options, EnginePool pool, EngineRunner runner, InputStager stager, TimeProvider time, ILogger<GenerationStage> logger)
{
    /// <summary>Runs that one job may have.</summary>
    internal const int MaxAttempts = 3;

    /// <summary>
    /// How often a job may lose its place in an engine's queue at no cost: twice as often as one job before it can end the engine. More would let
    /// a job that ends it before a word is heard do so without end.
    /// </summary>
    private const int MostLosses = 6;

    /// <summary>Nodes put what they were given into their messages: it may be a file.</summary>
    private const int LongestMessage = 2_000;

    private readonly RunSearch _runs = new(pool, logger);

    /// <summary>How long a job waits for an engine unless it asks for less.</summary>
    public TimeSpan LongestQueue => options.QueueTimeout;

    /// <summary>Runs the job's workflow; null when that failed with nothing made, and the job with it.</summary>
    public async Task<GeneratedRun?> RunAsync(Job job, PreparedInputs inputs)
    {
        var queued = time.GetTimestamp();
        var (attempt, losses, afresh) = (1, 0, false);
        while (true)
        {
            RunOutcome outcome;
            Engine engine;
            try
            {
                using var lease = await pool.AcquireAsync(job, job.Request.Owner, job.Order, job.Cancellation);
                engine = lease.Engine;
                outcome = await StageAndRunAsync(job, inputs, engine, afresh, queued);
            }
            catch (EngineUnreachableException e)
            {
                job.Fail($"Generation failed: {e.Message}", new() { Code = JobErrorCode.EngineUnreachable, Message = e.Message, Retryable = true });
                return null;
            }

            Judge(engine, outcome.Error);
            if (outcome.Error is not { } error)
            {
                return new(engine, outcome);
            }

            var missing = error.Code == JobErrorCode.WorkflowRefused && inputs.HasFiles && !afresh;
            var again = HadNotBegun(engine, outcome) && ++losses <= MostLosses;
            if (!again && (attempt >= MaxAttempts || !(missing || await MayRetryAsync(engine, outcome, attempt, job.Cancellation))))
            {
                return End(job, engine, outcome, error);
            }

            await job.EndRunAsync(error.Code.ToString());
            afresh |= missing; // The engine may have lost the files that it was given earlier.
            Log.Retrying(logger, job.Id, engine.Name, attempt, error.Code);
            attempt += again ? 0 : 1;
        }
    }

    /// <summary>Takes up a run that an earlier process began, where an engine still has it.</summary>
    public async Task<(bool IsOver, GeneratedRun? Run)> ResumeAsync(Job job)
    {
        var queued = time.GetTimestamp();
        if (!job.IsResumed || await _runs.FindAsync(job) is not { } found)
        {
            return (false, null);
        }

        using var lease = pool.Adopt(found.Engine);
        Log.Resumed(logger, job.Id, found.Engine.Name);
        var outcome = await RunOnceAsync(job, job.Request.Workflow, found.Engine, found.Number, takeOver: true, queued);
        Judge(found.Engine, outcome.Error);
        if (outcome.Error is not { } error)
        {
            return (true, new(found.Engine, outcome));
        }

        if (outcome.Repeatable)
        {
            await job.EndRunAsync(error.Code.ToString());
            return (false, null);
        }

        return (true, End(job, found.Engine, outcome, error));
    }

    /// <summary>A run that failed for good: what it had made is fetched, where the engine that made it still answers.</summary>
    private static GeneratedRun? End(Job job, Engine engine, RunOutcome outcome, JobError error)
    {
        if (outcome.HasOutputs && error.Code is not (JobErrorCode.EngineUnreachable or JobErrorCode.RunLost))
        {
            return new(engine, outcome);
        }

        job.Fail($"Generation failed: {error.Message}", error);
        return null;
    }

    /// <summary>One run; an engine that goes away while it is given the inputs has not begun with it.</summary>
    private async Task<RunOutcome> StageAndRunAsync(Job job, PreparedInputs inputs, Engine engine, bool afresh, long queued)
    {
        ReadOnlyMemory<byte> workflow;
        try
        {
            workflow = await stager.StageAsync(engine, inputs, afresh, job.Cancellation);
        }
        catch (EngineUnreachableException e)
        {
            return RunOutcome.Failed(JobErrorCode.EngineUnreachable, e.Message, repeatable: true);
        }

        return await RunOnceAsync(job, workflow, engine, job.NextRun, takeOver: false, queued);
    }

    private async Task<RunOutcome> RunOnceAsync(Job job, ReadOnlyMemory<byte> workflow, Engine engine, int number, bool takeOver, long queued)
    {
        using var activity = JobTelemetry.Begin("run", job.Id);
        activity?.SetTag("comfyserve.engine", engine.Name);
        var began = time.GetTimestamp();
        var promptId = KeyedRandom.PromptId(job.Request.RunKey, number);
        job.Update(s => s with
        {
            Status = JobStatus.Generating,
            Message = $"Generation started (ComfyUI job: {promptId})",
            Timings = s.Timings with { QueueMs = s.Timings.QueueMs ?? Milliseconds(queued) },
        });
        job.Run = number;
        var outcome = await runner.RunAsync(engine, promptId, workflow, CountNodes(workflow), takeOver, job, job.Cancellation);
        var files = OwnerFiles.Of(job.Request.Owner);
        if (outcome.Error is { } told)
        {
            outcome = outcome with { Error = told with { Message = Excerpt.Of(files?.Told(told.Message) ?? told.Message, LongestMessage) } };
        }

        JobTelemetry.Nodes(activity, job.Id, activity is null ? [] : outcome.Run?.Starts ?? [], time.GetUtcNow());
        var response = outcome is { History: { } history, Run: { } run }
            ? ComfyResponse.Build(history, run, outcome.NodeErrors, outcome.Error?.Message, files)
            : GenerateResult.EmptyObject;
        job.Update(s => s with
        {
            Response = response,
            Warnings = Warnings(s.Warnings ?? [], outcome.NodeErrors, files),
            Timings = s.Timings with { GenerationMs = Milliseconds(began), ExecutionMs = outcome.History?.ExecutionMilliseconds() },
        });
        return outcome;
    }

    /// <summary>The warnings so far, and what the engine left out that they do not tell.</summary>
    private static List<string>? Warnings(IReadOnlyList<string> known, JsonElement nodeErrors, OwnerFiles? files)
    {
        List<string> all = [.. known];
        all.AddRange(WorkflowRefusal.LeftOut(nodeErrors, files).Where(l => !known.Any(k => k.StartsWith($"node '{l.Node}' (", StringComparison.Ordinal))).Select(static l => l.Text).Where(t => !known.Contains(t, StringComparer.Ordinal)));
        return all.Count > 0 ? all : null;
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

    /// <summary>
    /// Whether an engine went away with a run that waited behind another one: it was not what ended the engine, so that costs it no attempt. Of an
    /// engine that nobody keeps running, only what it has forgotten is known not to have begun.
    /// </summary>
    private static bool HadNotBegun(Engine engine, RunOutcome outcome) =>
        outcome.Run is not { HasBegun: true }
        && (outcome.Error!.Code == JobErrorCode.RunLost || (outcome.Error.Code == JobErrorCode.EngineUnreachable && engine.Keeper is not null));

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

    private static int CountNodes(ReadOnlyMemory<byte> workflow)
    {
        using var document = JsonDocument.Parse(workflow, new JsonDocumentOptions { MaxDepth = JsonLimits.MaxDepth });
        return document.RootElement.GetPropertyCount();
    }

    private long Milliseconds(long since) => (long)time.GetElapsedTime(since).TotalMilliseconds;

    private static partial class Log
    {
        [LoggerMessage(2101, LogLevel.Warning, "Request '{RequestId}' is tried again: attempt {Attempt} on engine '{Engine}' ended with {Code}")]
        public static partial void Retrying(ILogger logger, string requestId, string engine, int attempt, JobErrorCode code);

        [LoggerMessage(2103, LogLevel.Information, "Request '{RequestId}' is watched again on engine '{Engine}'")]
        public static partial void Resumed(ILogger logger, string requestId, string engine);

        [LoggerMessage(2102, LogLevel.Warning, "Engine '{Engine}' could not be asked to free memory: {Reason}")]
        public static partial void NotFreed(ILogger logger, string engine, string reason);
    }
}
