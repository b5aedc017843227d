using static TorchSharp.torch;

namespace ComfyServe.Training.Stages;

/// <summary>Runs each worker's share of a batch on a thread of its own, with one libtorch thread each.</summary>
/// <remarks>
/// Measured on two cores that others use too: two libtorch threads that meet after every operation take five to ten
/// times as long as one, because each waits for the other's turn. Workers meet once a step.
/// </remarks>
internal static class WorkerThreads
{
    /// <summary>Lets libtorch use this thread alone for what the thread computes.</summary>
    public static void UseOne() => set_num_threads(1);

    /// <summary>Runs the work of all workers to the end; the first failure is rethrown.</summary>
    public static void Run(int workers, Action<int> work)
    {
        UseOne();
        if (workers == 1)
        {
            work(0);
            return;
        }

        var options = new ParallelOptions { MaxDegreeOfParallelism = workers };
        Parallel.For(0, workers, options, worker =>
        {
            UseOne();
            using var scope = NewDisposeScope();
            work(worker);
        });
    }
}
