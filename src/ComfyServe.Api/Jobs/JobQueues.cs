using ComfyServe.Api.Engines;
using ComfyServe.Api.Inputs;

namespace ComfyServe.Api.Jobs;

/// <summary>The queues that jobs pass: how long they are, where a job stands, and how fast they move.</summary>
internal sealed class JobQueues(EnginePool pool, InputCache inputs)
{
    private double _secondsPerJob; // written by finished jobs, read by anybody; a lost update only delays the average

    /// <summary>Seconds that an engine takes for one job, averaged; 0 before anything was measured.</summary>
    public double SecondsPerJob => Volatile.Read(ref _secondsPerJob);

    /// <summary>Takes a measured run into the average.</summary>
    public void Measure(double seconds)
    {
        var before = SecondsPerJob;
        Volatile.Write(ref _secondsPerJob, before <= 0 ? seconds : before + (0.2 * (seconds - before)));
    }

    /// <summary>Seconds until <paramref name="jobs"/> jobs are through, at the measured pace.</summary>
    public double SecondsFor(int jobs) => SecondsPerJob * jobs / Math.Max(1, pool.Engines.Count(e => e.IsAvailable));

    /// <summary>The queues' lengths, without any job's place.</summary>
    public JobPlace Sizes() => new() { Preprocess = inputs.Waiting, Generation = pool.Waiting };

    /// <summary>Where a job stands.</summary>
    public JobPlace PlaceOf(Job job)
    {
        var (position, size) = pool.PositionOf(job, job.Request.Owner);
        return position == 0
            ? Sizes()
            : Sizes() with { Queue = "generation", Position = position, Size = size, WaitSeconds = (int)Math.Ceiling(SecondsFor(position)) };
    }
}
