namespace ComfyServe.Worker.Benchmark;

/// <summary>
/// Load units per second that this machine does: the benchmark's result at first, then a robust average of load ÷ time over
/// the last jobs. One odd job changes little; two in a row that agree with each other replace what was believed. Thread-safe.
/// </summary>
internal sealed class Score
{
    private const int Remembered = 6;
    private const double Agreement = 0.25;
    private const double Departure = 0.3;
    private const double MostFaster = 10;
    private const double MostSlower = 100;
    private readonly Lock _gate = new(); // guards _jobs, and keeps writers apart
    private readonly List<Job> _jobs = [];
    private double _benchmark;
    private double _perf;

    /// <summary>The benchmark's result; 0 before it.</summary>
    public double Benchmark => Volatile.Read(ref _benchmark);

    /// <summary>The number to count on; 0 before the benchmark.</summary>
    public double Perf => Volatile.Read(ref _perf);

    /// <summary>The benchmark is done: what was learned from jobs before counts no more.</summary>
    public void Measured(double perf)
    {
        lock (_gate)
        {
            _jobs.Clear();
            Volatile.Write(ref _benchmark, perf);
            Volatile.Write(ref _perf, perf);
        }
    }

    /// <summary>A job of this load took this long, alone.</summary>
    public void Observe(double cost, TimeSpan elapsed)
    {
        if (Benchmark <= 0 || !double.IsFinite(cost) || cost <= 0 || elapsed < TimeSpan.FromMilliseconds(1))
        {
            return;
        }

        lock (_gate)
        {
            _jobs.Add(new Job(cost, elapsed.TotalSeconds));
            if (_jobs.Count > Remembered)
            {
                _jobs.RemoveAt(0);
            }

            if (_jobs.Count >= 2 && IsNews(_jobs[^2].Rate, _jobs[^1].Rate))
            {
                _jobs.RemoveRange(0, _jobs.Count - 2);
            }

            Volatile.Write(ref _perf, Math.Clamp(Average(), _benchmark / MostSlower, _benchmark * MostFaster));
        }
    }

    private bool IsNews(double before, double last) =>
        Math.Abs(last - before) <= Agreement * Math.Max(last, before) && Departs(last) && Departs(before);

    private bool Departs(double rate) => Math.Abs(rate - _perf) > Departure * Math.Max(rate, _perf);

    // Load over time of the jobs whose rate is within twice the median's; while there is only one, the benchmark weighs as much.
    private double Average()
    {
        if (_jobs.Count == 1)
        {
            return Math.Abs(_jobs[0].Rate - _benchmark) > _benchmark ? _benchmark : (_jobs[0].Rate + _benchmark) / 2;
        }

        var rates = _jobs.Select(static j => j.Rate).Order().ToArray();
        var median = (rates[(rates.Length - 1) / 2] + rates[rates.Length / 2]) / 2;
        double cost = 0, seconds = 0;
        foreach (var job in _jobs.Where(j => j.Rate <= 2 * median && j.Rate >= median / 2))
        {
            cost += job.Cost;
            seconds += job.Seconds;
        }

        return seconds > 0 ? cost / seconds : median;
    }

    private readonly record struct Job(double Cost, double Seconds)
    {
        public double Rate => Cost / Seconds;
    }
}
