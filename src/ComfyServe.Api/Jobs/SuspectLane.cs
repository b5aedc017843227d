using ComfyServe.Jobs;

namespace ComfyServe.Api.Jobs;

/// <summary>
/// Jobs that one more death would end run one at a time: when several ran as a process died each of them may be the cause, and the last death must blame
/// one alone. All other jobs pass beside them.
/// </summary>
internal sealed class SuspectLane : IDisposable
{
    private readonly SemaphoreSlim _free = new(1);

    /// <summary>Waits for the job's turn; disposing what is returned ends it. Null for a job that is no suspect.</summary>
    public async Task<IDisposable?> EnterAsync(Job job)
    {
        if (job.Losses < JobLedger.MaxLosses - 1)
        {
            return null;
        }

        await _free.WaitAsync(job.Cancellation);
        return new Turn(_free);
    }

    /// <inheritdoc/>
    public void Dispose() => _free.Dispose();

    private sealed class Turn(SemaphoreSlim free) : IDisposable
    {
        public void Dispose() => free.Release();
    }
}
