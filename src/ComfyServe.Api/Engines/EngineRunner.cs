using System.Text.Json;
using ComfyServe.Contracts.Api;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Engines;

/// <summary>
/// Runs one workflow on one engine: watch, submit, wait for the engine's word, and decide the outcome from its history.
/// Nothing is polled while messages flow; history and queue are asked when the run ended, when the socket was lost or restored, and after silence.
/// </summary>
internal sealed partial class EngineRunner(EngineTimes times, TimeProvider time, ILogger<EngineRunner> logger)
{
    /// <summary>The engine ends a run by itself a little later than this service interrupts it, which tells the caller why.</summary>
    private static readonly TimeSpan EnginePatience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs <paramref name="workflow"/> under <paramref name="promptId"/>; cancelling stops it on the engine too.</summary>
    /// <param name="engine">Where.</param>
    /// <param name="promptId">Id of ours; a run that the engine already has under it is taken over instead of submitted again.</param>
    /// <param name="workflow">The graph's JSON.</param>
    /// <param name="nodeCount">Number of its nodes.</param>
    /// <param name="takeOver">Whether the engine may have the run already: look before submitting.</param>
    /// <param name="observer">Hears how it goes on.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    public async Task<RunOutcome> RunAsync(
        Engine engine, string promptId, ReadOnlyMemory<byte> workflow, int nodeCount, bool takeOver, IRunObserver observer, CancellationToken cancellationToken)
    {
        var run = new EngineRun(promptId, nodeCount, observer, time);
        engine.Socket.Add(run);
        try
        {
            await engine.Socket.WhenConnectedAsync(times.Connect, cancellationToken);
            if (takeOver && await IsKnownAsync(engine, promptId, cancellationToken))
            {
                await observer.OnSubmitAsync(startsAtOnce: false);
                run.Signal.Set(); // Whether it has begun, or ended, is asked now: no message may come for long.
                return await WatchAsync(engine, run, default, cancellationToken);
            }

            await observer.OnSubmitAsync(startsAtOnce: engine.Running <= 1);
            var reply = await SubmitAsync(engine, run, workflow, cancellationToken);
            if (reply.Refusal is { } refusal)
            {
                return new() { Error = new() { Code = JobErrorCode.WorkflowRefused, Message = refusal.Message, NodeId = refusal.NodeId, NodeType = refusal.NodeType } };
            }

            if (reply.PromptId != promptId)
            {
                run = Rename(engine, run, reply.PromptId!, nodeCount, observer);
            }

            return await WatchAsync(engine, run, reply.NodeErrors, cancellationToken);
        }
        catch (TimeoutException)
        {
            return RunOutcome.Failed(JobErrorCode.EngineUnreachable, $"Cannot connect to engine '{engine.Name}': its socket is closed", repeatable: true);
        }
        catch (EngineUnreachableException e)
        {
            return RunOutcome.Failed(JobErrorCode.EngineUnreachable, e.Message, repeatable: true, run);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            if (!observer.LeavesRunning)
            {
                await StopAsync(engine, run);
            }

            throw;
        }
        finally
        {
            engine.Socket.Remove(run);
        }
    }

    private async Task<SubmitReply> SubmitAsync(Engine engine, EngineRun run, ReadOnlyMemory<byte> workflow, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await engine.Client.SubmitAsync(run.PromptId, engine.Socket.ClientId, workflow, ExecutionLimit(run) + EnginePatience, run.Files, cancellationToken);
            }
            catch (EngineUnreachableException e) when (attempt >= times.SubmitAttempts)
            {
                throw new EngineUnreachableException($"Failed to post workflow after {attempt} attempts: {e.Message}", e);
            }
            catch (EngineUnreachableException e)
            {
                Log.SubmitFailed(logger, engine.Name, run.PromptId, attempt, e.Message);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100 << (attempt - 1)), time, cancellationToken);
            if (await ArrivedAnywayAsync(engine, run.PromptId, cancellationToken))
            {
                return new() { PromptId = run.PromptId }; // The answer was lost, not the prompt.
            }
        }
    }

    private async Task<RunOutcome> WatchAsync(Engine engine, EngineRun run, JsonElement nodeErrors, CancellationToken cancellationToken)
    {
        var (absences, connections) = (0, engine.Socket.Connections);
        var unreachableSince = (long?)null;
        var renewed = time.GetTimestamp();
        while (true)
        {
            var signalled = await run.Signal.WaitAsync(Patience(run), cancellationToken);
            if (!signalled && run.Silence < times.Silence && run.Elapsed < LimitOf(run))
            {
                continue; // Messages flow.
            }

            try
            {
                if (await engine.Client.HistoryAsync(run.PromptId, cancellationToken) is { } entry)
                {
                    return Judge(entry, run, nodeErrors);
                }

                var place = await engine.Client.PlaceAsync(run.PromptId, cancellationToken);
                unreachableSince = null;
                if (place == QueuePlace.Absent)
                {
                    // It may have moved from the queue to the history between the two questions: ask twice before believing.
                    if (++absences >= 2)
                    {
                        return RunOutcome.Failed(JobErrorCode.RunLost, Lost(engine, connections), repeatable: true, run);
                    }

                    run.Signal.Set();
                    continue;
                }

                absences = 0;
                if (place == QueuePlace.Running && !run.HasBegun)
                {
                    run.OnStarted(); // Its message was lost with a socket.
                }

                if (Overdue(run, place) is { } overdue)
                {
                    await StopAsync(engine, run);
                    return overdue;
                }

                if (run.Silence > 4 * times.Silence && time.GetElapsedTime(renewed) > 12 * times.Silence)
                {
                    renewed = time.GetTimestamp();
                    engine.Socket.Renew(); // It runs and we hear nothing: the engine may have forgotten our socket.
                }
            }
            catch (EngineUnreachableException e)
            {
                unreachableSince ??= time.GetTimestamp();
                if (time.GetElapsedTime(unreachableSince.Value) >= times.Outage)
                {
                    return RunOutcome.Failed(JobErrorCode.EngineUnreachable, $"engine '{engine.Name}' went away during the run: {e.Message}", repeatable: true, run);
                }
            }
        }
    }

    // A socket that was opened anew since the run began goes with an engine that died; who keeps it running knows of what.
    private static string Lost(Engine engine, int connections) => engine.Socket.Connections > connections && engine.LastEnd is { } end
        ? $"engine '{engine.Name}' lost the run: it {end}"
        : $"engine '{engine.Name}' lost the run: it is neither in its queue nor in its history";

    /// <summary>How long execution may take; while the run waits in the engine's queue, that wait counts for itself.</summary>
    private TimeSpan LimitOf(EngineRun run) => run.HasBegun ? ExecutionLimit(run) : times.Run;

    private TimeSpan ExecutionLimit(EngineRun run) => run.Limit is { } limit && limit < times.Run ? limit : times.Run;

    /// <summary>How long to wait for a word before looking: never past the end of the run's time.</summary>
    private TimeSpan Patience(EngineRun run)
    {
        var left = LimitOf(run) - run.Elapsed;
        return left >= times.Silence ? times.Silence : left > Glance ? left : Glance;
    }

    private RunOutcome? Overdue(EngineRun run, QueuePlace place)
    {
        if (place == QueuePlace.Running && run.Elapsed >= LimitOf(run))
        {
            return RunOutcome.Failed(JobErrorCode.DeadlineExceeded, $"the run took longer than {LimitOf(run).TotalSeconds:0.###} s and was interrupted", run: run);
        }

        if (place == QueuePlace.Pending && run.Elapsed >= times.Run)
        {
            return RunOutcome.Failed(JobErrorCode.DeadlineExceeded, $"the engine did not begin with the run within {times.Run.TotalSeconds:0.###} s", run: run);
        }

        return place == QueuePlace.Running && run.Silence >= times.Stall
            ? RunOutcome.Failed(JobErrorCode.NoProgress, $"the run made no progress for {times.Stall.TotalSeconds:0.###} s and was interrupted", run: run)
            : null;
    }

    private static RunOutcome Judge(HistoryEntry entry, EngineRun run, JsonElement nodeErrors)
    {
        if (entry.Succeeded)
        {
            return new() { History = entry, Run = run, NodeErrors = nodeErrors };
        }

        var failure = entry.Message("execution_error");
        if (failure.ValueKind == JsonValueKind.Object)
        {
            var error = NodeFailure.Read(failure);
            return new() { History = entry, Run = run, Error = error, Repeatable = error.Retryable };
        }

        return RunOutcome.Failed(JobErrorCode.RunInterrupted, "the run was interrupted on the engine", run: run) with { History = entry };
    }

    /// <summary>Takes the run off the engine: out of the queue, or interrupted, and waits a little for it to stop.</summary>
    private async Task StopAsync(Engine engine, EngineRun run)
    {
        using var patience = new CancellationTokenSource(times.Stop, time);
        try
        {
            await engine.Client.DeleteAsync(run.PromptId, patience.Token);
            while (await engine.Client.PlaceAsync(run.PromptId, patience.Token) != QueuePlace.Absent)
            {
                await engine.Client.InterruptAsync(run.PromptId, patience.Token);
                await run.Signal.WaitAsync(TimeSpan.FromMilliseconds(500), patience.Token);
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            Log.DidNotStop(logger, engine.Name, run.PromptId);
        }
        catch (EngineUnreachableException e)
        {
            Log.StopFailed(logger, engine.Name, run.PromptId, e.Message);
        }
    }

    /// <summary>Old engines choose the id themselves; messages sent before the answer arrived are made up for by one look at the facts.</summary>
    private EngineRun Rename(Engine engine, EngineRun run, string promptId, int nodeCount, IRunObserver observer)
    {
        engine.Socket.Remove(run);
        var renamed = new EngineRun(promptId, nodeCount, observer, time);
        engine.Socket.Add(renamed);
        renamed.Signal.Set();
        return renamed;
    }

    private static async Task<bool> IsKnownAsync(Engine engine, string promptId, CancellationToken cancellationToken) =>
        await engine.Client.HistoryAsync(promptId, cancellationToken) is not null
        || await engine.Client.PlaceAsync(promptId, cancellationToken) != QueuePlace.Absent
        || await engine.Client.HistoryAsync(promptId, cancellationToken) is not null;

    private static async Task<bool> ArrivedAnywayAsync(Engine engine, string promptId, CancellationToken cancellationToken)
    {
        try
        {
            return await IsKnownAsync(engine, promptId, cancellationToken);
        }
        catch (EngineUnreachableException)
        {
            return false; // The next attempt will say so.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2010, LogLevel.Warning, "Engine '{Engine}' did not take prompt '{PromptId}' (attempt {Attempt}): {Reason}")]
        public static partial void SubmitFailed(ILogger logger, string engine, string promptId, int attempt, string reason);

        [LoggerMessage(2011, LogLevel.Warning, "Engine '{Engine}' did not stop prompt '{PromptId}' in time")]
        public static partial void DidNotStop(ILogger logger, string engine, string promptId);

        [LoggerMessage(2012, LogLevel.Warning, "Engine '{Engine}' could not be asked to stop prompt '{PromptId}': {Reason}")]
        public static partial void StopFailed(ILogger logger, string engine, string promptId, string reason);
    }
}
