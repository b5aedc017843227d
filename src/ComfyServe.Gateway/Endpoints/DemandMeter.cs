using ComfyServe.Gateway.Routing;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>An endpoint's demand over all gateways: arriving load in one-second buckets, and what waits now.</summary>
internal sealed class DemandMeter
{
    private const int Buckets = 120;
    private readonly double[] _arrived = new double[Buckets];
    private readonly Dictionary<long, GatewayDemand> _gateways = [];
    private long _head = long.MinValue;
    private double _begun = double.NaN;

    /// <summary>When the last request arrived, was waiting or in work, in seconds; NaN if never.</summary>
    public double LastActivity { get; private set; } = double.NaN;

    /// <summary>Mean cost of the requests lately.</summary>
    public double RequestCost { get; private set; } = 100;

    /// <summary>Takes one gateway's news in.</summary>
    public void Add(long gateway, RouterLoad load, double now)
    {
        Advance(now);
        _arrived[_head % Buckets] += load.Arrived;
        if (load.Requests > 0)
        {
            RequestCost += ((load.Arrived / load.Requests) - RequestCost) * Math.Min(1, 0.05 * load.Requests);
        }

        if (load.Arrived > 0 || load.QueuedRequests > 0 || load.Outstanding > 0)
        {
            LastActivity = now;
        }

        _gateways[gateway] = new GatewayDemand(load, now);
    }

    /// <summary>Load that waits at all gateways, requests, the longest wait in seconds, and load assigned.</summary>
    public (double Load, int Requests, double OldestWait, double Outstanding) Queued(double now)
    {
        // A gateway that has not been heard of is dead: its clients will ask another.
        var live = _gateways.Values.Where(g => now - g.At <= 5).Select(g => g.Load).ToList();
        return (live.Sum(l => l.QueuedLoad), live.Sum(l => l.QueuedRequests), live.Select(l => l.OldestWait).DefaultIfEmpty(0).Max(), live.Sum(l => l.Outstanding));
    }

    /// <summary>Arriving load per second over the last <paramref name="seconds"/> whole seconds, or over the time since the start if that is less.</summary>
    public double Rate(int seconds, double now)
    {
        Advance(now);
        var sum = 0.0;
        for (var i = 1; i <= seconds; i++)
        {
            sum += _head - i >= 0 ? _arrived[(_head - i) % Buckets] : 0;
        }

        return sum / Math.Clamp(now - _begun, 1, seconds);
    }

    private void Advance(double now)
    {
        var second = (long)now;
        if (double.IsNaN(_begun))
        {
            (_begun, _head) = (now, second);
        }

        while (_head < second)
        {
            _head++;
            _arrived[_head % Buckets] = 0;
            if (second - _head > 2 * Buckets)
            {
                _head = second - Buckets; // idle for long: everything in between is zero
                Array.Clear(_arrived);
            }
        }
    }

    private readonly record struct GatewayDemand(RouterLoad Load, double At);
}
