using ComfyServe.Gateway.Jobs;
using ComfyServe.Gateway.Keys;
using ComfyServe.Gateway.Routing;
using ComfyServe.Jobs;
using Microsoft.Extensions.Logging.Abstractions;

namespace ComfyServe.Gateway.Tests.Jobs;

public sealed class EndpointLedgerTests
{
    [Fact]
    public async Task End_ATryThatLostItsLease_LeavesTheNextTryOfTheSameJobAlone()
    {
        var options = new GatewayOptions();
        using var secrets = new GatewaySecrets();
        await using var ledger = new EndpointLedger(options, secrets, new SeatTable(options), TimeProvider.System, NullLogger<JobLedger>.Instance);
        var lost = ledger.Begin("job", TestContext.Current.CancellationToken);
        using var next = ledger.Begin("job", TestContext.Current.CancellationToken);

        ledger.End("job", lost);
        var wasLeftAlone = !next.IsCancellationRequested;
        await ledger.InterruptAsync("job");

        Assert.True(wasLeftAlone);
        Assert.True(next.IsCancellationRequested);
    }
}
