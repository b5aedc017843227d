using System.Net.Http.Json;
using ComfyServe.Gateway.Routing;
using ComfyServe.Hosting;
using ComfyServe.ScriptedWorker;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>Calls that wait for a worker, and what becomes of them when something else happens first.</summary>
public sealed class HeldCallTests(HeldCallTests.PatientGateway shared) : IClassFixture<HeldCallTests.PatientGateway>
{
    private readonly RunningGateway _gateway = shared.Gateway;
    private readonly string _name = "h" + Guid.NewGuid().ToString("N");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Client_GoesWhileItsFirstCallIsHeld_NothingStaysBehind()
    {
        var (endpoint, key) = await _gateway.EndpointAsync(_name);
        using var client = new WireClient(_gateway.Url, _name, key);
        using var goes = new CancellationTokenSource();
        var router = _gateway.Services.GetRequiredService<SeatTable>().Seat(endpoint).Router;
        var call = client.RouteAsync(0, 100, goes.Token);
        await UntilAsync(() => router.Waiting == 1, "the call is held");

        await goes.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await UntilAsync(() => router.Waiting == 0, "its place is gone with it");
    }

    [Fact]
    public async Task Endpoint_DeletedWhileCallsWait_TheyAreAnswered()
    {
        var (endpoint, key) = await _gateway.EndpointAsync(_name);
        using var client = new WireClient(_gateway.Url, _name, key);
        var router = _gateway.Services.GetRequiredService<SeatTable>().Seat(endpoint).Router;
        var forwarded = _gateway.SendAsync(HttpMethod.Post, $"/api/v1/endpoints/{_name}/generate/sync", new { input = new { } });
        var routed = client.RouteAsync(0, 100, Token);
        await UntilAsync(() => router.Waiting == 2, "both calls are held");

        await _gateway.CallAsync(HttpMethod.Delete, $"/api/v0/endptjobs/{endpoint}/");

        Assert.False((await routed.WaitAsync(TimeSpan.FromSeconds(5), Token)).ContainsKey("url"));
        using var answer = await forwarded.WaitAsync(TimeSpan.FromSeconds(5), Token);
        Assert.Equal(404, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Payloads_MoreThanTheMemoryForThem_AreToldToComeAgain()
    {
        var (endpoint, _) = await _gateway.EndpointAsync(_name);
        var router = _gateway.Services.GetRequiredService<SeatTable>().Seat(endpoint).Router;
        var payload = new { input = new { text = new string('x', 600 << 10) } };
        using var goes = new CancellationTokenSource();
        using var message = new HttpRequestMessage(HttpMethod.Post, $"{_gateway.Url}/api/v1/endpoints/{_name}/generate/sync?api_key={RunningGateway.Key}") { Content = JsonContent.Create(payload) };
        var waits = _gateway.Client.SendAsync(message, goes.Token);
        await UntilAsync(() => router.Waiting == 1, "the first waits for a worker, its payload with it");

        using var refused = await _gateway.SendAsync(HttpMethod.Post, $"/api/v1/endpoints/{_name}/generate/sync", payload);
        Assert.Equal(503, (int)refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);

        await goes.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        await UntilAsync(() => _gateway.Services.GetRequiredService<BodyBudget>().Left == 1 << 20, "its memory is free again");
    }

    [Fact]
    public async Task Route_IndexThatIsStillToBeGiven_IsNotTakenFromWhoeverGetsIt()
    {
        var (_, key) = await _gateway.EndpointAsync(_name);
        using var client = new WireClient(_gateway.Url, _name, key);
        var first = (long)(await client.RouteAsync(0, 100, Token))["request_idx"]!;

        var guessed = (long)(await client.RouteAsync(first + 1000, 100, Token))["request_idx"]!;

        Assert.NotEqual(first + 1000, guessed);
    }

    private static Task UntilAsync(Func<bool> condition, string what) => Until.HoldsAsync(condition, what, seconds: 90);

    /// <summary>A gateway that holds calls as long as a real one, with little memory for payloads.</summary>
    public sealed class PatientGateway : IAsyncLifetime
    {
        internal RunningGateway Gateway { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Gateway = await RunningGateway.StartAsync(static o =>
        {
            o.RouteHold = TimeSpan.FromSeconds(4);
            o.CallsPerSecond = 1000;
            o.MaxBodiesBytes = 1 << 20;
        });

        public ValueTask DisposeAsync() => Gateway.DisposeAsync();
    }
}
