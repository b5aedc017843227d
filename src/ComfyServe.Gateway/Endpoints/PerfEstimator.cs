namespace ComfyServe.Gateway.Endpoints;

/// <summary>
/// A worker's load units per second, from its benchmark first and then from what it really does: a robust average of
/// load ÷ time over its last stretches of work. A stretch begins and ends with the end of a request while the worker is
/// busy, so that the errors of reports that come once a second cancel out. A request that takes much longer than it
/// should lowers the estimate before it ends.
/// </summary>
internal sealed class PerfEstimator
{
    private const int Remembered = 6;
    private const double ShortestStretch = 2;
    private const double LongWork = 4;
    private const double Agreement = 0.25;
    private const double Departure = 0.3;
    private const double LongestDelay = 120;
    private static readonly double HalfLife = TimeSpan.FromMinutes(5).TotalSeconds;
    private readonly Queue<Stretch> _stretches = new();
    private double _benchmark;
    private double _learned;
    private double _lastSampleAt;
    private double _lastEndAt;
    private double _stretchLoad;
    private double _stretchStart = double.NaN;
    private double _slowBound = double.PositiveInfinity;
    private double _lastCompletion;
    private int _overlaps;
    private double _lastLoad;
    private bool _busy;
    private bool? _toldParallel;
    private bool _seenParallel;

    /// <summary>The benchmark's result.</summary>
    public double Benchmark => _benchmark;

    /// <summary>Whether requests run side by side: then a request's time says little, and the benchmark stands.</summary>
    public bool Parallel => _toldParallel ?? _seenParallel;

    /// <summary>The number to count on.</summary>
    public double Perf => Math.Min(_learned > 0 ? _learned : _benchmark, _slowBound);

    /// <summary>Takes a benchmark's result in; a new one starts the learning afresh.</summary>
    public void Benchmarked(double perf)
    {
        if (perf > 0 && Math.Abs(perf - _benchmark) > perf * 1e-9)
        {
            (_benchmark, _learned, _slowBound, _stretchStart) = (perf, 0, double.PositiveInfinity, double.NaN);
            _stretches.Clear();
        }
    }

    /// <summary>Continues from a number that was learned before a restart of the gateway.</summary>
    public void Restore(double benchmark, double learned)
    {
        Benchmarked(benchmark);
        _learned = learned > 0 && benchmark > 0 ? Clamp(learned) : 0;
    }

    /// <summary>How many requests the worker says that it runs at the same time; null if it does not say, then its requests tell.</summary>
    public void RunsAtOnce(int? requests)
    {
        if (requests is null != _toldParallel is null)
        {
            _seenParallel = false; // another kind of worker under the same id
        }

        _toldParallel = requests is null ? null : requests > 1;
    }

    /// <summary>Takes a report in: load served since the last, load and requests there now, at a time in seconds.</summary>
    public void Report(double served, double load, double requests, double now)
    {
        if (_benchmark <= 0 || Parallel)
        {
            return;
        }

        // 1. What ended since the last report closes or extends a stretch of work, if the worker was busy all the time: some of
        //    what it had then is still there, or the work is so long that a pause between reports hardly counts. The first end
        //    after a pause only opens a stretch: nobody knows when that request began.
        if (served > 0)
        {
            var busyThroughout = _busy && (served < _lastLoad || served / Perf > LongWork);
            if (!busyThroughout || double.IsNaN(_stretchStart))
            {
                (_stretchStart, _stretchLoad) = (now, 0);
            }
            else
            {
                _stretchLoad += served;
                if (now - _stretchStart >= ShortestStretch)
                {
                    Add(new Stretch(_stretchLoad, now - _stretchStart), now);
                    (_stretchStart, _stretchLoad) = (now, 0);
                }
            }

            (_lastEndAt, _slowBound) = (now, double.PositiveInfinity);
        }

        // 2. Idle now: the next stretch starts anew. Busy since the last report and nothing ends: it may have become slow.
        var busy = load > 0;
        if (!busy)
        {
            (_stretchStart, _slowBound) = (double.NaN, double.PositiveInfinity);
        }
        else if (!_busy)
        {
            _lastEndAt = now;
        }
        else
        {
            Suspect(load / Math.Max(1, requests), now);
        }

        (_busy, _lastLoad) = (busy, load);
        Relax(now);
    }

    /// <summary>Takes a request's own times in, which the newer form of the original's report has: exact, whatever the report's rhythm.</summary>
    public void Ended(double load, double startedAt, double completedAt, double now)
    {
        if (_benchmark <= 0 || Parallel || load <= 0 || startedAt <= 0 || completedAt <= startedAt || !double.IsFinite(completedAt))
        {
            return;
        }

        if (completedAt < _lastCompletion)
        {
            // Told late, or the worker's clock was set back: then its time goes on from here.
            _lastCompletion = completedAt < _lastCompletion - LongestDelay ? completedAt : _lastCompletion;
            return;
        }

        // Requests that share most of their time run side by side. One such pair may be a clock that was set back by a little.
        if (startedAt < _lastCompletion - (Agreement * (completedAt - startedAt)))
        {
            _overlaps++;
            _lastCompletion = completedAt;
            if (_overlaps > 1)
            {
                (_seenParallel, _learned, _slowBound) = (true, 0, double.PositiveInfinity);
            }

            return;
        }

        _overlaps = 0;
        var seconds = completedAt - Math.Max(startedAt, _lastCompletion);
        _lastCompletion = completedAt;
        if (seconds > 1e-3)
        {
            Add(new Stretch(load, seconds), now);
        }

        // The report's coarser stretch of the same work must not count twice.
        (_stretchStart, _stretchLoad, _slowBound, _lastEndAt) = (double.NaN, 0, double.PositiveInfinity, now);
    }

    private void Suspect(double requestLoad, double now)
    {
        var age = now - _lastEndAt;
        var perf = _learned > 0 ? _learned : _benchmark;
        if (age > ShortestStretch && age > 2 * requestLoad / perf)
        {
            _slowBound = Clamp(requestLoad / age);
        }
    }

    private void Add(Stretch stretch, double now)
    {
        _lastSampleAt = now;
        _stretches.Enqueue(stretch);
        if (_stretches.Count > Remembered)
        {
            _stretches.Dequeue();
        }

        // Two in a row that agree with each other and not with the rest are news, not noise: forget the rest.
        var all = _stretches.ToArray();
        if (all.Length >= 2)
        {
            var (last, before) = (all[^1].Rate, all[^2].Rate);
            var old = _learned > 0 ? _learned : _benchmark;
            if (Math.Abs(last - before) <= Agreement * Math.Max(last, before) && Differs(last, old) && Differs(before, old))
            {
                _stretches.Clear();
                _stretches.Enqueue(all[^2]);
                _stretches.Enqueue(all[^1]);
                all = [all[^2], all[^1]];
            }
        }

        _learned = Clamp(Robust(all, _benchmark));
    }

    // The average over time of the stretches whose rate is not far from the median; the benchmark counts as one until there are three.
    private static double Robust(Stretch[] stretches, double benchmark)
    {
        var rates = stretches.Select(s => s.Rate).ToList();
        if (rates.Count < 2)
        {
            rates.Add(benchmark);
        }

        rates.Sort();
        var median = (rates[(rates.Count - 1) / 2] + rates[rates.Count / 2]) / 2;
        var near = stretches.Where(s => s.Rate <= 2 * median && s.Rate >= median / 2).ToList();
        return near.Count == 0 || stretches.Length < 2 ? median : near.Sum(s => s.Load) / near.Sum(s => s.Seconds);
    }

    // Without news for long, trust the benchmark again, little by little: a worker that was slow once must get another try.
    private void Relax(double now)
    {
        var idle = now - Math.Max(_lastSampleAt, _lastEndAt);
        if (_learned <= 0 || _busy || idle < HalfLife || _lastSampleAt <= 0)
        {
            return;
        }

        _learned = _benchmark + ((_learned - _benchmark) / 2);
        _stretches.Clear();
        _lastSampleAt = now;
    }

    private static bool Differs(double rate, double old) => Math.Abs(rate - old) > Departure * Math.Max(rate, old);

    private double Clamp(double perf) => Math.Clamp(perf, _benchmark / 100, _benchmark * 10);

    private readonly record struct Stretch(double Load, double Seconds)
    {
        public double Rate => Load / Seconds;
    }
}
