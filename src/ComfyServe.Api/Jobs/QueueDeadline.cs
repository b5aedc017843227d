using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Jobs;

/// <summary>Ends a job that no engine has begun to execute in time. Disposing calls it off.</summary>
internal sealed class QueueDeadline : IDisposable
{
    private readonly Job _job;
    private readonly TimeSpan _limit;
    private readonly ITimer _timer;

    private QueueDeadline(Job job, TimeSpan limit, TimeSpan left, TimeProvider time)
    {
        _job = job;
        _limit = limit;
        _timer = time.CreateTimer(static deadline => ((QueueDeadline)deadline!).End(), this, left, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Begins to watch a job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="limit">Counted from its acceptance, be it by an earlier process.</param>
    /// <param name="time">Clock.</param>
    public static QueueDeadline Begin(Job job, TimeSpan limit, TimeProvider time)
    {
        var waited = time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(job.Snapshot.Timings.QueuedAtMs ?? 0);
        return new(job, limit, waited >= limit ? TimeSpan.Zero : limit - waited, time);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void End()
    {
        if (_job.HasBegun)
        {
            return;
        }

        var message = $"no engine began with the request within {_limit.TotalSeconds:0.###} s";
        if (_job.Fail($"Generation failed: {message}", new() { Code = JobErrorCode.DeadlineExceeded, Message = message, Retryable = true }))
        {
            _ = _job.StopWorkAsync();
        }
    }
}
