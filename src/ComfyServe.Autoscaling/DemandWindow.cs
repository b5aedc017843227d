namespace ComfyServe.Autoscaling;

/// <summary>Arriving load, in one-second buckets for a quarter of an hour and in minutes for a day. Times are seconds of a clock that never goes back.</summary>
public sealed class DemandWindow
{
    private readonly Ring _seconds = new(1024, 1);
    private readonly Ring _minutes = new(1440, 60);
    private double _begun = double.NaN;

    /// <summary>Adds load that arrived.</summary>
    public void Add(double load, double now)
    {
        _begun = double.IsNaN(_begun) ? now : _begun;
        _seconds.Add(load, now);
        _minutes.Add(load, now);
    }

    /// <summary>Load per second over the last <paramref name="seconds"/> (1 to 1,000) whole seconds, or over the time since the start if that is less.</summary>
    public double Rate(int seconds, double now)
    {
        _seconds.Advance(now);
        var sum = 0.0;
        for (var i = 1; i <= seconds; i++)
        {
            sum += _seconds.Before(i);
        }

        return double.IsNaN(_begun) ? 0 : sum / Math.Clamp(now - _begun, 1, seconds);
    }

    /// <summary>The highest load per second of a whole minute among the last <paramref name="minutes"/> (1 to 1,400).</summary>
    public double PeakMinute(int minutes, double now)
    {
        _minutes.Advance(now);
        var peak = 0.0;
        for (var i = 1; i <= minutes; i++)
        {
            peak = Math.Max(peak, _minutes.Before(i));
        }

        return peak / 60;
    }

    private sealed class Ring(int buckets, double width)
    {
        private readonly double[] _sums = new double[buckets];
        private long _head = -1;

        public void Add(double load, double now)
        {
            Advance(now);
            _sums[_head % buckets] += load;
        }

        /// <summary>The bucket so many before the present one, which is not complete.</summary>
        public double Before(int back) => _head >= back && back < buckets ? _sums[(_head - back) % buckets] : 0;

        public void Advance(double now)
        {
            var bucket = (long)(now / width);
            if (bucket - _head > buckets)
            {
                Array.Clear(_sums); // idle for long: everything in between is zero
                _head = bucket;
            }

            while (_head < bucket)
            {
                _head++;
                _sums[_head % buckets] = 0;
            }
        }
    }
}
