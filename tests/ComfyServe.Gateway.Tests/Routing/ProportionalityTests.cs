using System.Globalization;

namespace ComfyServe.Gateway.Tests.Routing;

/// <summary>Shares of load against shares of perf: eight workers of which each is twice as fast as the one before.</summary>
public sealed class ProportionalityTests
{
    private const double Cost = 10;
    private static readonly double[] Perfs = [10, 20, 40, 80, 160, 320, 640, 1280];

    [Fact]
    public void SteadyOverload_EightWorkers_SharesAreThoseOfPerf()
    {
        var fleet = new VirtualFleet(5, Perfs);

        fleet.Pass(10, () => Overload(fleet));
        var before = fleet.Workers.Select(w => w.Served).ToList();
        fleet.Pass(120, () => Overload(fleet));

        var served = fleet.Workers.Select((w, i) => w.Served - before[i]).ToList();
        var errors = served.Select((s, i) => Math.Abs((s / served.Sum() / (Perfs[i] / Perfs.Sum())) - 1)).ToList();
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture, $"largest relative error of a share: {errors.Max():P2}"));
        Assert.All(errors, e => Assert.True(e < 0.03, e.ToString("P2", CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void ManyRequestsAtOnce_EightWorkers_EndAlmostAsSoonAsPossible()
    {
        const int Requests = 10_000;
        var ideal = Requests * Cost / Perfs.Sum();
        var ours = Makespan(Requests);

        var roundRobin = Other(Requests, (_, i) => i % Perfs.Length) / ideal;
        var leastConnections = Other(Requests, (outstanding, _) => Array.IndexOf(outstanding, outstanding.Min())) / ideal;

        TestContext.Current.TestOutputHelper!.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"makespan ÷ ideal: ours {ours / ideal:0.000}, least connections {leastConnections:0.000}, round robin {roundRobin:0.000}"));
        Assert.InRange(ours / ideal, 0.99, 1.05);
        Assert.True(ours / ideal < leastConnections);
        Assert.True(ours / ideal < roundRobin);
    }

    [Fact]
    public void Throttled_ToAQuarterInTheMiddle_ShareIsRightWithinTenSecondsOfLoad()
    {
        double[] perfs = [100, 100, 100, 100];
        var fleet = new VirtualFleet(2, perfs);
        fleet.Pass(20, () => Overload(fleet));

        fleet.Workers[0].Speed = 25;
        fleet.Pass(10, () => Overload(fleet));
        var before = fleet.Workers.Select(w => w.Given).ToList();
        fleet.Pass(40, () => Overload(fleet));

        var given = fleet.Workers.Select((w, i) => w.Given - before[i]).ToList();
        var share = given[0] / given.Sum() / (25 / 325.0);
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture, $"share of the throttled worker ÷ its share of speed, from 10 s on: {share:0.00}"));
        Assert.InRange(share, 0.85, 1.15);
    }

    // The gateway always has a few requests that wait.
    private static void Overload(VirtualFleet fleet)
    {
        while (fleet.Waiting < 8)
        {
            fleet.Request(Cost);
        }
    }

    private static double Makespan(int requests)
    {
        var fleet = new VirtualFleet(5, Perfs);
        for (var i = 0; i < requests; i++)
        {
            fleet.Request(Cost);
        }

        while (fleet.Waiting > 0 || fleet.Workers.Any(w => w.Requests > 0))
        {
            fleet.Pass(0.1);
        }

        return fleet.Now;
    }

    // The same requests, all there at once, given out by another rule: one at a time to a worker, the next when one is done.
    private static double Other(int requests, Func<int[], int, int> pick)
    {
        var outstanding = new int[Perfs.Length];
        var free = new double[Perfs.Length];
        var ends = new PriorityQueue<int, double>();
        for (var i = 0; i < requests; i++)
        {
            // As many are out at once as our gateway lets out: five seconds of all workers.
            if (ends.Count >= 5 * Perfs.Sum() / Cost)
            {
                outstanding[ends.Dequeue()]--;
            }

            var worker = pick(outstanding, i);
            outstanding[worker]++;
            free[worker] += Cost / Perfs[worker];
            ends.Enqueue(worker, free[worker]);
        }

        return free.Max();
    }
}
