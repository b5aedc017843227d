using System.Text.Json.Nodes;
using ComfyServe.Gateway.Routing;
using ComfyServe.ScriptedWorker;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>Reports and news of ended requests that arrive late, twice and in the wrong order: no load is lost, none stays.</summary>
public sealed class ReportOrderTests(SharedGateway shared) : IClassFixture<SharedGateway>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OurWorker_ReportsLateAndTwice_CountAsOne()
    {
        using var bench = await Bench.StartAsync(shared.Gateway, boot: "first");
        var (one, two) = (await bench.RouteAsync(), await bench.RouteAsync());
        await bench.ReportAsync("first", 3, one, two);

        await bench.ReportAsync("first", 2);
        Assert.Equal(60, bench.Outstanding);

        await bench.EndAsync(one, "Success");
        await bench.EndAsync(one, "Success");
        await bench.ReportAsync("first", 3, one, two);
        Assert.Equal(30, bench.Outstanding);

        await bench.ReportAsync("first", 4);
        await bench.EndAsync(two, "Success");
        await bench.ReportAsync("first", 3, one, two);
        Assert.Equal(0, bench.Outstanding);

        // It was started again; what its former process said last arrives only now.
        await bench.ReportAsync("second", 1);
        await bench.ReportAsync("first", 5, one, two);
        Assert.Equal(0, bench.Outstanding);
    }

    [Fact]
    public async Task OriginalsWorker_EndBeforeTheReportThatNamesTheRequest_StaysEnded()
    {
        using var bench = await Bench.StartAsync(shared.Gateway, boot: null);
        var idx = await bench.RouteAsync();

        await bench.EndAsync(idx, "Success");
        await bench.ReportAsync(null, 0, idx);

        Assert.Equal(0, bench.Outstanding);
    }

    [Fact]
    public async Task OriginalsWorker_LateReportNamesARefusedRequest_NextReportMendsIt()
    {
        using var bench = await Bench.StartAsync(shared.Gateway, boot: null);
        var idx = await bench.RouteAsync();

        await bench.EndAsync(idx, "Rejected");
        await bench.ReportAsync(null, 0, idx);
        await bench.EndAsync(idx, "Rejected");
        await bench.ReportAsync(null, 0, idx);
        await bench.ReportAsync(null, 0);

        Assert.Equal(0, bench.Outstanding);
    }

    [Fact]
    public async Task OriginalsWorker_OlderFormOfNewsTwiceAndOfRequestsThatNeverWere_ChangesNothingElse()
    {
        using var bench = await Bench.StartAsync(shared.Gateway, boot: null);
        var (done, runs) = (await bench.RouteAsync(), await bench.RouteAsync());
        await bench.ReportAsync(null, 0, done, runs);

        for (var i = 0; i < 2; i++)
        {
            await bench.Gateway.CallAsync(
                HttpMethod.Post, "/delete_requests/", new { worker_id = bench.Worker, mtoken = bench.Mtoken, request_idxs = new[] { done, 4711, 1L << 50 }, success = true });
        }

        Assert.Equal(30, bench.Outstanding);
    }

    [Fact]
    public async Task AnotherWorker_SaysTheRequestEnded_ChangesNothing()
    {
        using var bench = await Bench.StartAsync(shared.Gateway, boot: null);
        var idx = await bench.RouteAsync();
        var (other, token) = await bench.Gateway.PlaceAsync(bench.Name);

        await bench.Gateway.CallAsync(HttpMethod.Post, "/delete_requests/", new { worker_id = other, mtoken = token, request_idxs = new[] { idx }, success = true });

        Assert.Equal(30, bench.Outstanding);
    }

    [Theory]
    [InlineData("""{"id":ID,"mtoken":"TOKEN","loadtime":1,"cur_load":1e999,"max_perf":100}""")]
    [InlineData("""{"id":ID,"mtoken":"TOKEN","loadtime":1,"max_perf":1e999}""")]
    [InlineData("""{"id":ID,"mtoken":"TOKEN","loadtime":1,"max_perf":100,"cur_perf":-1e999}""")]
    public async Task Report_NumberBeyondMeasure_IsRefusedAndTheListOfWorkersStands(string report)
    {
        using var bench = await Bench.StartAsync(shared.Gateway, boot: null);
        var text = report.Replace("ID", $"{bench.Worker}", StringComparison.Ordinal).Replace("TOKEN", bench.Mtoken, StringComparison.Ordinal);

        using var answer = await bench.Gateway.SendAsync(HttpMethod.Post, "/worker_status/", new StringContent(text));

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Equal(100, (double)(await bench.Gateway.CallAsync(HttpMethod.Post, "/get_endpoint_workers/", new { id = bench.Endpoint }))[0]!["perf"]!);
    }

    [Fact]
    public async Task Report_TooLargeWithoutALength_IsRefused()
    {
        using var bench = await Bench.StartAsync(shared.Gateway, boot: null);
        using var message = new HttpRequestMessage(HttpMethod.Post, bench.Gateway.Url + "/worker_status/") { Content = new StreamContent(new MemoryStream(new byte[3 << 20])) };
        message.Headers.TransferEncodingChunked = true;

        using var answer = await bench.Gateway.Client.SendAsync(message, Token);

        Assert.Equal(400, (int)answer.StatusCode);
    }

    /// <summary>An endpoint with one worker whose reports are written by hand.</summary>
    private sealed class Bench : IDisposable
    {
        private readonly WireClient _client;

        private Bench(RunningGateway gateway, string name, long endpoint, string key, long worker, string mtoken)
        {
            (Gateway, Name, Endpoint, Worker, Mtoken) = (gateway, name, endpoint, worker, mtoken);
            _client = new WireClient(gateway.Url, name, key);
        }

        public RunningGateway Gateway { get; }

        public string Name { get; }

        public long Endpoint { get; }

        public long Worker { get; }

        public string Mtoken { get; }

        public double Outstanding => Gateway.Services.GetRequiredService<SeatTable>().Seat(Endpoint).Router.OutstandingAt(Worker);

        public static async Task<Bench> StartAsync(RunningGateway gateway, string? boot)
        {
            var name = "o" + Guid.NewGuid().ToString("N");
            var (endpoint, key) = await gateway.EndpointAsync(name);
            var (worker, mtoken) = await gateway.PlaceAsync(name);
            var bench = new Bench(gateway, name, endpoint, key, worker, mtoken);
            await bench.ReportAsync(boot, 1);
            return bench;
        }

        public async Task<long> RouteAsync()
        {
            var ticket = await _client.RouteAsync(0, 30, Token);
            while (!ticket.ContainsKey("url"))
            {
                ticket = await _client.RouteAsync((long)ticket["request_idx"]!, 30, Token);
            }

            return (long)ticket["request_idx"]!;
        }

        public Task<JsonNode> ReportAsync(string? boot, long sequence, params long[] working) => Gateway.CallAsync(
            HttpMethod.Post,
            "/worker_status/",
            new Dictionary<string, object?>
            {
                ["id"] = Worker,
                ["mtoken"] = Mtoken,
                ["loadtime"] = 1.5,
                ["max_perf"] = 100,
                ["cur_load"] = 30.0 * working.Length,
                ["num_requests_working"] = working.Length,
                ["working_request_idxs"] = working,
                ["url"] = "http://127.0.0.1:9",
                [boot is null ? "unknown_member" : "comfyserve"] = boot is null ? null : new { boot_id = boot, sequence },
            });

        public Task<JsonNode> EndAsync(long idx, string status) => Gateway.CallAsync(
            HttpMethod.Post,
            "/delete_requests/",
            new { worker_id = Worker, mtoken = Mtoken, requests = new[] { new { request_idx = idx, success = status == "Success", status, entered_queue_at = 0.0, work_started_at = 0.0, work_completed_at = 0.0 } } });

        public void Dispose() => _client.Dispose();
    }
}
