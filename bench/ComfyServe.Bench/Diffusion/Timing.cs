using System.Diagnostics;

namespace ComfyServe.Bench.Diffusion;

/// <summary>The quickest of several runs.</summary>
/// <param name="Wall">Seconds on the clock.</param>
/// <param name="Processor">Seconds of processor time, all threads together. On a machine that others use too it says more than
/// the clock, with one thread above all: waiting threads spin.</param>
internal readonly record struct Timing(double Wall, double Processor)
{
    /// <summary>Runs once to warm up, then measures.</summary>
    public static Timing Best(int runs, Action action)
    {
        action();
        var (wall, processor) = (double.MaxValue, double.MaxValue);
        for (var i = 0; i < runs; i++)
        {
            var before = Environment.CpuUsage.TotalTime;
            var start = Stopwatch.GetTimestamp();
            action();
            wall = Math.Min(wall, Stopwatch.GetElapsedTime(start).TotalSeconds);
            processor = Math.Min(processor, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
        }

        return new Timing(wall, processor);
    }
}
