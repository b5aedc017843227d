using System.Collections.Concurrent;
using ComfyServe.Api.Engines;
using Microsoft.Extensions.Hosting;

namespace ComfyServe.Api.Jobs;

/// <summary>Accepts jobs within bounds, runs them and remembers how they ended.</summary>
internal sealed class JobService(ApiOptions options, JobPipeline pipeline, EnginePool pool, JobQueues queues, TimeProvider time) : IHostedService
{
    private const int DefaultRetryAfter = 5;

    private readonly ConcurrentDictionary<string, Job> _jobs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Job, Task> _active = new();
    private ITimer? _sweeping;
    private int _unfinished;
    private long _order;

    /// <summary>Jobs accepted and not over.</summary>
    public int Unfinished => Volatile.Read(ref _unfinished);

    /// <summary>What a refused caller is told.</summary>
    public string CapacityMessage => $"Worker at capacity ({options.MaxQueueSize} in flight); retry shortly";

    /// <summary>When a refused caller should come back: from the measured pace, 5 s before anything was measured.</summary>
    public int RetryAfterSeconds => queues.SecondsPerJob <= 0 ? DefaultRetryAfter : (int)Math.Clamp(Math.Ceiling(queues.SecondsFor(1)), 1, 600);

    /// <summary>Accepts a request, or returns null when too many are under way.</summary>
    /// <param name="request">The request.</param>
    /// <param name="streamed">Whether its events are wanted from the start.</param>
    public Job? TryAccept(JobRequest request, bool streamed = false)
    {
        if (Interlocked.Increment(ref _unfinished) > options.MaxQueueSize + pool.Engines.Count)
        {
            Interlocked.Decrement(ref _unfinished);
            return null;
        }

        var job = new Job(request, Interlocked.Increment(ref _order), queues, time);
        if (streamed)
        {
            _ = job.Events;
        }

        _jobs[request.Id] = job;
        _active[job] = RunAsync(job);
        return job;
    }

    /// <summary>A job that is under way or remembered.</summary>
    public Job? Find(string id) => _jobs.GetValueOrDefault(id);

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        pool.Start();
        var period = TimeSpan.FromSeconds(30);
        _sweeping = time.CreateTimer(static service => ((JobService)service!).Sweep(), this, period, period);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_sweeping is not null)
        {
            await _sweeping.DisposeAsync();
        }

        foreach (var job in _active.Keys)
        {
            await job.CancelAsync(Contracts.Api.JobErrorCode.ShuttingDown, "The service is shutting down");
        }

        await Task.WhenAll(_active.Values).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RunAsync(Job job)
    {
        await Task.Yield(); // The caller has put the job where it can be found.
        await pipeline.RunAsync(job);
        Interlocked.Decrement(ref _unfinished);
        _active.TryRemove(job, out _);
        if (job.Snapshot.Timings.GenerationMs is { } took)
        {
            queues.Measure(took / 1000.0);
        }
    }

    private void Sweep()
    {
        var oldest = time.GetUtcNow().ToUnixTimeMilliseconds() - (long)options.ResultLifetime.TotalMilliseconds;
        foreach (var (id, job) in _jobs)
        {
            if (job.Snapshot.Timings.CompletedAtMs < oldest && _jobs.TryRemove(new(id, job)))
            {
                job.Dispose();
            }
        }
    }
}
