using System.Globalization;
using ComfyServe.Testing;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>Shares of real requests over HTTP among workers of different speed; ProportionalityTests has the same in virtual time. The long forms, which run alone.</summary>
[Collection(AloneCollection.Name)]
public sealed class FleetShareTests
{
    private const double Cost = HttpFleet.Cost;
    private static readonly double[] Eight = [5, 10, 20, 40, 80, 160, 320, 640];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static void Write(FormattableString line) => TestContext.Current.TestOutputHelper!.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    [Fact]
    public async Task Overload_EightWorkersEachTwiceAsFast_SharesAreThoseOfPerfAndNoOtherRuleIsAsFast()
    {
        Assert.SkipUnless(RecordedData.IsFull, "loads eight workers for two minutes; set COMFYSERVE_TEST_FULL=1");
        const double Patience = 1.5;
        const int Requests = 1275;
        await using var gateway = await RunningGateway.StartAsync(o => o.CallsPerSecond = 1000);
        await using var fleet = await HttpFleet.StartAsync(gateway, "e", 4, unsecured: false, Eight);

        var result = await fleet.OverloadAsync(Eight, seconds: 60, atOnce: 700);

        await using var others = await HttpFleet.StartAsync(gateway, "others", 2, unsecured: true, Eight);
        var ideal = Requests * Cost / Eight.Sum();
        var fewest = await others.SendByAsync(Requests, 650, (outstanding, _) => Array.IndexOf(outstanding, outstanding.Min()), TimeSpan.FromSeconds(Patience * ideal));
        await using var more = await HttpFleet.StartAsync(gateway, "more", 2, unsecured: true, Eight);
        var turns = await more.SendByAsync(Requests, 650, (_, i) => i % Eight.Length, TimeSpan.FromSeconds(Patience * ideal));
        Write($"after {Patience:0.0} times the ideal time least connections has answered {fewest} of {Requests}, round robin {turns}");
        Assert.True(result.OfLoad < 0.03, $"largest relative error of a share: {result.OfLoad:P1}");
        Assert.True(result.Makespan < 1.05, $"makespan ÷ ideal: {result.Makespan:0.000}");
        Assert.True(fewest < Requests, "least connections is done too");
        Assert.True(turns < Requests, "round robin is done too");
    }

    [Fact]
    public async Task Throttled_ToAQuarterInTheMiddle_ShareIsRightWithinTenSeconds()
    {
        Assert.SkipUnless(RecordedData.IsFull, "loads four workers for half a minute; set COMFYSERVE_TEST_FULL=1");
        double[] perfs = [100, 100, 100, 100];
        await using var gateway = await RunningGateway.StartAsync(o => o.CallsPerSecond = 1000);
        await using var fleet = await HttpFleet.StartAsync(gateway, "e", 2, unsecured: false, perfs);
        using var client = fleet.Client();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var load = HttpFleet.SendAsync(int.MaxValue - 1000, 130, (_, token) => client.RequestAsync(Cost, token), over.Token);
        await Task.Delay(TimeSpan.FromSeconds(4), Token);

        fleet.Workers[0].Speed = 25;
        await Task.Delay(TimeSpan.FromSeconds(10), Token);
        var before = Given();
        await Task.Delay(TimeSpan.FromSeconds(15), Token);
        var given = Given().Select((g, i) => g - before[i]).ToList();

        var share = given[0] / given.Sum() / (25 / 325.0);
        Write($"share of the throttled worker ÷ its share of speed, from 10 to 25 s after: {share:0.00}");
        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load);
        Assert.InRange(share, 0.85, 1.15);

        List<double> Given() => [.. fleet.Workers.Select(w => (double)client.Tickets.GetValueOrDefault(w.Url))];
    }
}
