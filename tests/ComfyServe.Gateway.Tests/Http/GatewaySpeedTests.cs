using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using ComfyServe.Gateway.Routing;
using ComfyServe.ScriptedWorker;
using ComfyServe.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>How fast a gateway routes; the slow ones write bench/results/gateway.md when COMFYSERVE_WRITE_RESULTS is 1.</summary>
[Collection(AloneCollection.Name)]
public sealed class GatewaySpeedTests
{
    private const int Workers = 1000;

    // Nobody uses these tickets.
    private static RouterLimits Unbounded => new() { MaxUnusedTickets = int.MaxValue, WastedTickets = double.PositiveInfinity };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Pick_AThousandWorkers_AllocatesNothing()
    {
        var (outstanding, inverse) = Table();
        var found = LeastFinish.Find(outstanding, inverse, 100);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            found += LeastFinish.Find(outstanding, inverse, 100 + i);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.NotEqual(-1, found);
    }

    [Fact]
    public async Task Gateway_HundredEndpointsOfHundredWorkers_IsAsFastAsPublished()
    {
        Assert.SkipUnless(RecordedData.IsFull, "measures for a minute; set COMFYSERVE_TEST_FULL=1");
        var pick = Pick();
        await using var gateway = await RunningGateway.StartAsync(
            o => (o.CallsPerSecond, o.RoutesPerSecond, o.Routing) = (10_000, 1_000_000, Unbounded),
            app => app.MapPost("/empty", static () => Results.Text("ok")));
        var (endpoints, memory) = await FillAsync(gateway);
        var load = await LoadAsync(
            gateway,
            [Request("GET", "/health")],
            [.. endpoints.Select(e => Request("POST", "/empty", Wanted(e)))],
            [.. endpoints.Select(e => Request("POST", "/route/", Wanted(e)))]);
        var forwarding = await ForwardAsync(gateway);

        Publish(pick, load[0], load[1], load[2], memory, forwarding);

        Assert.True(pick < 1000, $"a pick takes {pick:0} ns");
        Assert.True(load[0].Processor / load[2].Processor > 0.4, $"/route/ takes {load[2].Processor:0} µs, an empty answer {load[0].Processor:0} µs");
    }

    [Fact]
    public async Task Route_FromMemory_AllocatesLittle()
    {
        await using var gateway = await RunningGateway.StartAsync(
            o => (o.RoutesPerSecond, o.Routing) = (1_000_000, Unbounded),
            app => app.MapPost("/empty", static () => Results.Text("ok")));
        var (id, _) = await gateway.EndpointAsync("small");
        Fill(gateway, id, workers: 10);

        async Task<double> BytesAsync(string path)
        {
            var load = new SocketLoad(new Uri(gateway.Url), [Request("POST", path, Wanted("small"))], connections: 1);
            await load.CountAsync(2_000, Token);
            return (await load.CountAsync(3_000, Token)).Bytes;
        }

        var empty = await BytesAsync("/empty");
        var route = await BytesAsync("/route/");

        // What grows with each call costs each call: the answer's text, its objects, and what is remembered of the request.
        Assert.InRange(route - empty, 0, 2_500);
    }

    private static (double[] Outstanding, double[] Inverse) Table()
    {
        var random = new Random(1);
        return ([.. Enumerable.Range(0, Workers).Select(_ => random.NextDouble() * 1000)], [.. Enumerable.Range(0, Workers).Select(_ => 1 / (1 + (random.NextDouble() * 100)))]);
    }

    // The best of several rounds: what else the machine does only adds.
    private static double Pick()
    {
        var (outstanding, inverse) = Table();
        var best = double.PositiveInfinity;
        for (var round = 0; round < 50; round++)
        {
            var begun = Stopwatch.GetTimestamp();
            for (var i = 0; i < 2000; i++)
            {
                LeastFinish.Find(outstanding, inverse, 100 + i);
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(begun).TotalNanoseconds / 2000);
        }

        return best;
    }

    private static async Task<(IReadOnlyList<string> Endpoints, (double Endpoint, double Worker) Memory)> FillAsync(RunningGateway gateway)
    {
        List<string> names = [];
        var seats = gateway.Services.GetRequiredService<SeatTable>();
        var start = GC.GetTotalMemory(forceFullCollection: true);
        List<long> ids = [];
        for (var i = 0; i < 100; i++)
        {
            names.Add($"e{i}");
            ids.Add((await gateway.EndpointAsync(names[i])).Id);
        }

        await Task.Delay(TimeSpan.FromSeconds(3), Token); // every owner has begun
        var endpoints = GC.GetTotalMemory(forceFullCollection: true);
        foreach (var id in ids)
        {
            Fill(gateway, id, workers: 100);
        }

        var all = GC.GetTotalMemory(forceFullCollection: true);
        return (names, ((endpoints - start) / 100.0, (all - endpoints) / 10_000.0));
    }

    // Workers that are told to routing in the way of the routing loop: signed ahead, then used.
    private static void Fill(RunningGateway gateway, long endpointId, int workers)
    {
        var snapshot = new EndpointSnapshot
        {
            Version = 1L << 60,
            MaxQueueTime = 30,
            Summary = "bench",
            Workers = [.. Enumerable.Range(1, workers).Select(w => new WorkerRoute { Id = (endpointId * 1000) + w, Url = $"http://10.0.{endpointId}.{w}:3000", Perf = 1e9, Open = true, Alive = true })],
        };
        gateway.Services.GetRequiredService<TicketWriter>().Prepare(snapshot);
        gateway.Services.GetRequiredService<SeatTable>().Seat(endpointId).Router.Apply(snapshot, 1_000_000);
    }

    // What the original's client sends.
    private static string Wanted(string endpoint) =>
        $$"""{"endpoint": "{{endpoint}}", "api_key": "{{RunningGateway.Key}}", "cost": 100, "request_idx": 0, "replay_timeout": 60.0}""";

    private static byte[] Request(string method, string path, string? json = null) => SocketLoad.Request(method, $"{path}?api_key={RunningGateway.Key}", RunningGateway.Key, json);

    // Many short rounds in turns: what else the machine does meets all kinds alike, and a median is not moved by the worst of it.
    private static async Task<IReadOnlyList<LoadFigures>> LoadAsync(RunningGateway gateway, params IReadOnlyList<IReadOnlyList<byte[]>> kinds)
    {
        const int WarmUp = 8;
        var loads = kinds.Select(k => new SocketLoad(new Uri(gateway.Url), k, connections: 16)).ToList();
        var rounds = loads.ConvertAll(_ => new List<LoadFigures>());
        for (var round = 0; round < WarmUp + 31; round++)
        {
            for (var kind = 0; kind < loads.Count; kind++)
            {
                rounds[kind].Add(await loads[kind].RunAsync(TimeSpan.FromSeconds(round < WarmUp ? 1 : 0.4), Token));
            }
        }

        return rounds.ConvertAll(static r => LoadFigures.Median([.. r.Skip(WarmUp)]));
    }

    private static async Task<IReadOnlyList<(int Bytes, double Ratio)>> ForwardAsync(RunningGateway gateway)
    {
        await gateway.EndpointAsync("forward");
        var (id, token) = await gateway.PlaceAsync("forward");
        await using var worker = await WorkerServer.StartAsync(
            new ScriptedWorkerOptions { Gateway = gateway.Url, Id = id, Mtoken = token, Perf = 1e9, ReportEvery = TimeSpan.FromSeconds(0.1), Ours = true, NewerForm = true }, Token);
        List<(int, double)> ratios = [];
        using var client = new WireClient(gateway.Url, "forward", RunningGateway.Key);
        foreach (var bytes in (int[])[1 << 10, 16 << 10, 256 << 10, 4 << 20, 32 << 20])
        {
            var payload = new { input = new { text = new string('x', bytes) } };
            var ticket = await client.RouteAsync(0, 1, Token);
            while (!ticket.ContainsKey("url"))
            {
                ticket = await client.RouteAsync((long)ticket["request_idx"]!, 1, Token);
            }

            var direct = await BestAsync(() => gateway.Client.PostAsJsonAsync((string)ticket["url"]! + "/generate/sync", new { auth_data = ticket, session_id = (string?)null, payload }, Token));
            var forwarded = await BestAsync(() => gateway.SendAsync(HttpMethod.Post, "/api/v1/endpoints/forward/generate/sync?cost=1", payload));
            ratios.Add((bytes, direct / forwarded));
        }

        return ratios;
    }

    private static async Task<double> BestAsync(Func<Task<HttpResponseMessage>> call)
    {
        var best = double.PositiveInfinity;
        for (var i = 0; i < 10; i++)
        {
            var sent = Stopwatch.GetTimestamp();
            using var answer = await call();
            answer.EnsureSuccessStatusCode();
            await answer.Content.LoadIntoBufferAsync(Token);
            best = Math.Min(best, Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
        }

        return best;
    }

    private static void Publish(
        double pick, LoadFigures empty, LoadFigures posted, LoadFigures route, (double Endpoint, double Worker) memory, IReadOnlyList<(int Bytes, double Ratio)> forwarding)
    {
        var lines = new List<string>
        {
            "| what | result |",
            "| --- | --- |",
            string.Create(CultureInfo.InvariantCulture, $"| one pick among 1,000 workers | {pick:0} ns, nothing allocated |"),
            string.Create(CultureInfo.InvariantCulture, $"| `/route/` ÷ empty answer, requests per second (100 endpoints × 100 workers, 16 connections, median of 31 rounds in turns) | {route.PerSecond / empty.PerSecond:0.00} ({route.PerSecond:0} ÷ {empty.PerSecond:0}) |"),
            string.Create(CultureInfo.InvariantCulture, $"| `/route/` ÷ empty answer to the same POST, requests per second | {route.PerSecond / posted.PerSecond:0.00} ({route.PerSecond:0} ÷ {posted.PerSecond:0}) |"),
            string.Create(CultureInfo.InvariantCulture, $"| empty ÷ `/route/`, processor time of server and load generator together | {empty.Processor / route.Processor:0.00} ({empty.Processor:0} µs ÷ {route.Processor:0} µs; the empty POST {posted.Processor:0} µs) |"),
            string.Create(CultureInfo.InvariantCulture, $"| managed memory allocated for one `/route/`, above the empty POST | {route.Bytes - posted.Bytes:0} bytes |"),
            string.Create(CultureInfo.InvariantCulture, $"| `/route/` ÷ empty answer, 99th percentile of the time | {route.P99 / empty.P99:0.00} ({route.P99:0.0} ms ÷ {empty.P99:0.0} ms) |"),
            string.Create(CultureInfo.InvariantCulture, $"| managed memory per idle endpoint, its owner included | {memory.Endpoint / 1024:0} KiB |"),
            string.Create(CultureInfo.InvariantCulture, $"| managed memory per worker in a router, its signature included | {memory.Worker:0} bytes |"),
        };
        lines.AddRange(forwarding.Select(f => string.Create(CultureInfo.InvariantCulture, $"| `generate/sync` with {f.Bytes / 1024} KiB there and back: direct ÷ through the gateway, best time | {f.Ratio:0.00} |")));
        var table = string.Join('\n', lines) + "\n";
        TestContext.Current.TestOutputHelper!.WriteLine(table);
        if (Environment.GetEnvironmentVariable("COMFYSERVE_WRITE_RESULTS") == "1")
        {
            var path = Path.Combine(RepositoryRoot.Path, "bench", "results", "gateway.md");
            var text = File.ReadAllText(path);
            var rest = text.IndexOf("\nProportionality", StringComparison.Ordinal);
            File.WriteAllText(path, text[..text.IndexOf("| what", StringComparison.Ordinal)] + table + (rest < 0 ? "" : text[rest..]));
        }
    }
}
