using ComfyServe.Autoscaling;
using ComfyServe.Gateway.Routing;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>An endpoint's demand over all gateways: what arrives, and what waits now.</summary>
internal sealed class DemandMeter
{
    private const double GatewaySilence = 5;
    private readonly DemandWindow _arrived = new();
    private readonly Dictionary<long, GatewayDemand> _gateways = [];

    /// <summary>When the last request arrived, was waiting or in work, in seconds; NaN if never.</summary>
    public double LastActivity { get; private set; } = double.NaN;

    /// <summary>Mean cost of the requests lately.</summary>
    public double RequestCost { get; private set; } = 100;

    /// <summary>Durable jobs that wait for a worker; they are in no gateway's queue.</summary>
    public (double Load, int Jobs) WaitingJobs { get; private set; }

    /// <summary>Takes one gateway's news in.</summary>
    public void Add(long gateway, RouterLoad load, double now)
    {
        _arrived.Add(load.Arrived, now);
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

    /// <summary>Requests that wait at the gateways, and their load; durable jobs apart.</summary>
    public (int Requests, double Load) Waiting(double now) => (Live(now).Sum(static l => l.QueuedRequests), Live(now).Sum(static l => l.QueuedLoad));

    /// <summary>Load that the gateways have given to workers and not heard the end of.</summary>
    public double Assigned(double now) => Live(now).Sum(static l => l.Outstanding);

    /// <summary>Takes in what waits in the ledger of durable jobs.</summary>
    public void Jobs(double load, int jobs, double now)
    {
        WaitingJobs = (load, jobs);
        LastActivity = jobs > 0 ? now : LastActivity;
    }

    /// <summary>What scaling needs to know.</summary>
    /// <param name="habits">Lengths of averages.</param>
    /// <param name="perf">Load units per second of one worker, 0 if unknown.</param>
    /// <param name="working">Requests at workers, as these report.</param>
    /// <param name="now">The time.</param>
    public DemandSnapshot Snapshot(ScalingHabits habits, double perf, int working, double now)
    {
        var live = Live(now);
        var service = perf > 0 ? RequestCost / perf : 0;
        return DemandSnapshot.Of(_arrived, habits, RequestCost, service, now) with
        {
            Queued = live.Sum(l => l.QueuedLoad) + WaitingJobs.Load,
            QueuedRequests = live.Sum(l => l.QueuedRequests) + WaitingJobs.Jobs,
            WorkingRequests = Math.Max(working, (int)Math.Round(live.Sum(l => l.Outstanding) / RequestCost)),
            Idle = double.IsNaN(LastActivity) ? double.PositiveInfinity : now - LastActivity,
        };
    }

    // A gateway that has not been heard of is dead: its clients will ask another.
    private List<RouterLoad> Live(double now) => [.. _gateways.Values.Where(g => now - g.At <= GatewaySilence).Select(static g => g.Load)];

    private readonly record struct GatewayDemand(RouterLoad Load, double At);
}
