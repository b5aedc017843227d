using System.Collections.Concurrent;
using ComfyServe.Jobs;

namespace ComfyServe.Api.Jobs;

/// <summary>The jobs that this process has in memory: all that are under way, and the last that finished.</summary>
internal sealed class JobRegistry
{
    /// <summary>Finished jobs kept in memory; older ones are in the ledger.</summary>
    internal const int Remembered = 256;

    private readonly ConcurrentDictionary<JobKey, Job> _jobs = new();
    private readonly ConcurrentQueue<Job> _finished = new();

    /// <summary>Takes a job in, unless its owner has one of its id under way: then that one is returned.</summary>
    public Job? Add(Job job)
    {
        while (!_jobs.TryAdd(job.Key, job))
        {
            if (_jobs.TryGetValue(job.Key, out var other))
            {
                if (!other.IsOver)
                {
                    return other;
                }

                if (_jobs.TryUpdate(job.Key, job, other))
                {
                    return null;
                }
            }
        }

        return null;
    }

    /// <summary>A job, or null.</summary>
    public Job? Find(JobKey key) => _jobs.GetValueOrDefault(key);

    /// <summary>Takes a job out.</summary>
    public void Remove(Job job) => _jobs.TryRemove(new(job.Key, job));

    /// <summary>Notes that a job's end is in the ledger: it need not stay in memory for ever.</summary>
    public void Recorded(Job job)
    {
        _finished.Enqueue(job);
        while (_finished.Count > Remembered && _finished.TryDequeue(out var oldest))
        {
            Remove(oldest);
        }
    }
}
