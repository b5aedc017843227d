using ComfyServe.Api.Engines;
using ComfyServe.Api.Requests;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Jobs;

/// <summary>Looks for a run that an earlier process began: an engine may still have it.</summary>
internal sealed partial class RunSearch(EnginePool pool, ILogger logger)
{
    /// <summary>Runs of earlier processes that are looked for, newest first.</summary>
    private const int OldRuns = 9;

    private static readonly TimeSpan Connect = TimeSpan.FromSeconds(5);

    /// <summary>The engine that has a run of the job, and the run's number; null where none has.</summary>
    public async Task<(Engine Engine, int Number)?> FindAsync(Job job)
    {
        var engines = new List<Engine>();
        foreach (var engine in pool.Engines)
        {
            await AskAsync(job, engine, async () =>
            {
                await engine.Socket.WhenConnectedAsync(Connect, job.Cancellation);
                engines.Add(engine);
            });
        }

        // 1. In a queue: the death has cost the job nothing, and neither it nor its result can have been the cause.
        if (await FindAsync(job, engines, static async (engine, id, token) => await engine.Client.PlaceAsync(id, token) != QueuePlace.Absent) is { } alive)
        {
            await job.ForgiveAsync();
            return alive;
        }

        // 2. Ended: what the engine tells of it may be what killed the process. That it is being read has to be known first.
        var recorded = job.NextRun - 1;
        if (recorded > 0)
        {
            job.Run = recorded;
            await job.RecordRunAsync();
        }

        var ended = await FindAsync(job, engines, static async (engine, id, token) => await engine.Client.HistoryAsync(id, token) is not null);
        if (recorded > 0 && ended?.Number != recorded)
        {
            await job.EndRunAsync("not found");
        }

        return ended;
    }

    /// <summary>The next number too: that it began may not have been written any more.</summary>
    private async Task<(Engine Engine, int Number)?> FindAsync(Job job, List<Engine> engines, Func<Engine, string, CancellationToken, Task<bool>> has)
    {
        (Engine, int)? found = null;
        foreach (var engine in engines)
        {
            await AskAsync(job, engine, async () =>
            {
                for (var number = job.NextRun; found is null && number >= Math.Max(1, job.NextRun - OldRuns); number--)
                {
                    found = await has(engine, KeyedRandom.PromptId(job.Request.RunKey, number), job.Cancellation) ? (engine, number) : null;
                }
            });
        }

        return found;
    }

    private async Task AskAsync(Job job, Engine engine, Func<Task> ask)
    {
        try
        {
            await ask();
        }
        catch (Exception e) when (e is EngineUnreachableException or TimeoutException)
        {
            Log.NotAsked(logger, engine.Name, job.Id, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2109, LogLevel.Warning, "Engine '{Engine}' could not be asked for earlier runs of request '{RequestId}': {Reason}")]
        public static partial void NotAsked(ILogger logger, string engine, string requestId, string reason);
    }
}
