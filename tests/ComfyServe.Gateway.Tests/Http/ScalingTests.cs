using System.Diagnostics;
using System.Text.Json.Nodes;
using ComfyServe.ScriptedWorker;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>A whole gateway that starts and stops real processes.</summary>
public sealed class ScalingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Worker => Path.Combine(AppContext.BaseDirectory, "ComfyServe.ScriptedWorker");

    [Fact]
    public async Task ProcessProvider_LoadComesAndGoes_ScalesFromZeroToThreeToZero()
    {
        await using var gateway = await StartAsync();
        var (id, key) = await gateway.EndpointAsync("e", new { min_load = 0, cold_workers = 0, cold_mult = 0, max_workers = 3, target_queue_time = 1, max_queue_time = 1, inactivity_timeout = 2 });
        await GroupAsync(gateway, "e", 3);
        Assert.Empty(await WorkersAsync(gateway, id));
        using var client = new WireClient(gateway.Url, "e", key) { LongestPoll = TimeSpan.FromSeconds(0.3) };

        var most = 0;
        var watching = true;
        var load = Task.WhenAll(Enumerable.Range(0, 12).Select(_ => client.RequestAsync(100, Token)));
        var watch = Task.Run(
            async () =>
            {
                while (watching)
                {
                    most = Math.Max(most, (await WorkersAsync(gateway, id)).Count(w => (string)w["status"]! == "idle"));
                    await Task.Delay(100, Token);
                }
            },
            Token);
        await load;
        watching = false;
        await watch;

        Assert.Equal(3, most);
        await UntilAsync(async () => (await WorkersAsync(gateway, id)).Count == 0, "no workers are left");
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(gateway.Options.DataDirectory, "workers")));
        var logs = await gateway.CallAsync(HttpMethod.Post, "/get_endpoint_logs/", new { endpoint = "e" });
        Assert.Contains("recruit worker", (string)logs["info1"]!, StringComparison.Ordinal);
        Assert.Contains("destroy worker", (string)logs["info1"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProcessProvider_WorkerKilled_IsStartedAgainAndNoRequestIsLost()
    {
        await using var gateway = await StartAsync();
        var (id, key) = await gateway.EndpointAsync("e", new { min_load = 1, cold_workers = 1, cold_mult = 0, max_workers = 1, target_util = 1 });
        await GroupAsync(gateway, "e", 1);
        await UntilAsync(async () => (await WorkersAsync(gateway, id)).Any(w => (string)w["status"]! == "idle"), "a worker is ready");
        using var client = new WireClient(gateway.Url, "e", key) { LongestPoll = TimeSpan.FromSeconds(0.3) };
        var request = client.RequestAsync(600, Token); // three seconds: longer than a report
        await UntilAsync(async () => (await WorkersAsync(gateway, id)).Any(w => (int)w["reqs_working"]! > 0), "the request is at the worker");

        var state = JsonNode.Parse(await File.ReadAllTextAsync(Directory.GetFiles(gateway.Options.DataDirectory, "process.json", SearchOption.AllDirectories).Single(), Token))!;
        using (var process = Process.GetProcessById((int)state["Process"]!["Pid"]!))
        {
            process.Kill();
        }

        Assert.NotNull(await request);
        var logs = await gateway.CallAsync(HttpMethod.Post, "/get_endpoint_logs/", new { endpoint = "e" });
        Assert.Contains("reboot worker", (string)logs["info1"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UpdateWorkers_UnderLoad_ReplacesEachWithoutALostRequest()
    {
        await using var gateway = await StartAsync();
        var (id, key) = await gateway.EndpointAsync("e", new { min_load = 350, cold_workers = 2, cold_mult = 0, max_workers = 2, target_util = 1 });
        var group = await GroupAsync(gateway, "e", 2);
        await UntilAsync(async () => (await WorkersAsync(gateway, id)).Count(w => (string)w["status"]! == "idle") == 2, "two workers are ready");
        var before = Boots(gateway);
        using var client = new WireClient(gateway.Url, "e", key) { LongestPoll = TimeSpan.FromSeconds(0.3) };

        var answer = await gateway.CallAsync(HttpMethod.Post, "/update_workers/", new { workergroup_id = group });
        var served = 0;
        await UntilAsync(
            async () =>
            {
                await client.RequestAsync(10, Token);
                served++;
                return Boots(gateway).All(p => !before.Contains(p)) && (await WorkersAsync(gateway, id)).All(w => (string)w["status"]! == "idle");
            },
            "both workers have new processes");

        Assert.Equal(2, (int)answer["workers_to_update"]!);
        Assert.True(served > 3, $"{served} requests were served during the update");
        Assert.InRange(client.Latencies.Max(), 0, 15);
    }

    private static Task<RunningGateway> StartAsync() => RunningGateway.StartAsync(o =>
    {
        o.RouteHold = TimeSpan.FromSeconds(2);
        o.CallsPerSecond = 1000;
    });

    private static async Task<long> GroupAsync(RunningGateway gateway, string endpoint, int slots)
    {
        // 200 load units per second, as one of our own workers reports.
        var command = $"env SCRIPTED_PERF=200 SCRIPTED_OURS=true {Worker}";
        var made = await gateway.CallAsync(
            HttpMethod.Post, "/api/v0/workergroups/", new { endpoint_name = endpoint, provider = "process", provider_settings = new { slots = $"{slots}", command } });
        return (long)made["id"]!;
    }

    private static HashSet<int> Boots(RunningGateway gateway) =>
        [.. Directory.GetFiles(gateway.Options.DataDirectory, "process.json", SearchOption.AllDirectories)
            .Select(f => (int?)JsonNode.Parse(File.ReadAllText(f))!["Process"]?["Pid"] ?? 0)];

    private static async Task<IReadOnlyList<JsonObject>> WorkersAsync(RunningGateway gateway, long endpoint) =>
        [.. (await gateway.CallAsync(HttpMethod.Post, "/get_endpoint_workers/", new { id = endpoint })).AsArray().OfType<JsonObject>()];

    private static Task UntilAsync(Func<Task<bool>> condition, string what) => Until.HoldsAsync(condition, what, seconds: 60);
}
