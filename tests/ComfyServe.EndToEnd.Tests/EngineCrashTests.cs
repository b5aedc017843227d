using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ComfyServe.Testing;
using ComfyServe.Testing.Processes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>The engine of <c>up</c> and <c>stack</c>, a process of its own, ended without warning; and the process that it belongs to.</summary>
public sealed class EngineCrashTests : IDisposable
{
    private const string Key = "account-key";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-crash-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact(Timeout = 240_000)]
    public async Task Kill_EngineOfUp_TheRunIsRetriedOnceAndNobodyElseNotices()
    {
        var token = TestContext.Current.CancellationToken;
        await using var fleet = await UpAsync();
        var gateway = await fleet.ReadyAsync(token);
        using var client = new ApiClient(UrlOf(fleet, "API service"));
        var engine = Assert.Single(ProcessTree.Children(fleet.Id));

        // 1. During a run, with jobs behind it and a request through gateway and worker.
        var picture = await File.ReadAllTextAsync(Path.Combine(RepositoryRoot.Path, "samples", "text-to-image.json"), token);
        Assert.Equal(202, (await client.SubmitAsync(picture, """, "request_id": "running" """)).Status);
        await client.RunningAsync("running");
        string[] waiting = ["waiting-1", "waiting-2", "waiting-3"];
        foreach (var id in waiting)
        {
            Assert.Equal(202, (await client.SubmitAsync(InstantWorkflow.Text, $""", "request_id": "{id}" """)).Status);
        }

        var throughTheGateway = SendAsync(gateway, token);
        Signal.Send(engine, Signal.Kill);
        var reason = await UnhealthyAsync(client, "signal 9", token);

        foreach (var id in waiting.Append("running"))
        {
            Assert.Equal((id, "completed"), (id, (string?)(await client.ResultAsync(id)).Body["status"]));
        }

        Assert.Equal(200, await throughTheGateway);
        Assert.Contains("engine died: it was killed by signal 9 (SIGKILL)", reason, StringComparison.Ordinal);
        Assert.Single(fleet.Errors.Split('\n'), static line => line.Contains("Request 'running' is tried again", StringComparison.Ordinal));

        // 2. While it is idle.
        var second = Assert.Single(ProcessTree.Children(fleet.Id));
        Assert.NotEqual(engine, second);
        Signal.Send(second, Signal.Kill);
        var (status, body) = await client.RunAsync(InstantWorkflow.Text);
        Assert.Equal((200, "completed"), (status, (string?)body["status"]));

        // 3. A stop takes it along.
        var third = Assert.Single(ProcessTree.Children(fleet.Id));
        Assert.Equal(0, await fleet.StopAsync(token));
        Assert.False(ProcessTree.Runs(third));
    }

    [Fact(Timeout = 120_000)]
    public async Task Kill_Stack_LeavesNoEngineBehind()
    {
        var token = TestContext.Current.CancellationToken;
        var identity = new Dictionary<string, string> { ["CONTAINER_ID"] = "1", ["MASTER_TOKEN"] = "token", ["REPORT_ADDR"] = "http://127.0.0.1:9", ["WORKER_PORT"] = "0" };
        await using var stack = ComfyServeProcess.Start(["stack", "--folder", Data("stack"), "--data", Data("data")], identity);
        await stack.ReadyAsync(token);
        var engine = Assert.Single(ProcessTree.Children(stack.Id));

        Signal.Send(stack.Id, Signal.Kill);
        await stack.ExitAsync(token);

        while (ProcessTree.Runs(engine))
        {
            await Task.Delay(20, token); // the test's own limit ends it
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Kill_EngineAgainAndAgain_EveryJobEnds()
    {
        Assert.SkipUnless(RecordedData.IsFull, "a slow extra");
        var token = TestContext.Current.CancellationToken;
        await using var fleet = await UpAsync();
        await fleet.ReadyAsync(token);
        using var client = new ApiClient(UrlOf(fleet, "API service"));
        var chance = new Random(1);
        for (var round = 0; round < 10; round++)
        {
            var ids = Enumerable.Range(0, 4).Select(i => $"r{round}-{i}").ToList();
            foreach (var id in ids)
            {
                Assert.Equal(202, (await client.SubmitAsync(InstantWorkflow.Text.Replace("255", $"{chance.Next(1 << 24)}", StringComparison.Ordinal), $""", "request_id": "{id}" """)).Status);
            }

            await Task.Delay(chance.Next(0, 60), token); // any moment of their lives
            ProcessTree.Children(fleet.Id).ToList().ForEach(static engine => Signal.Send(engine, Signal.Kill));
            foreach (var id in ids)
            {
                Assert.Equal((id, "completed"), (id, (string?)(await client.ResultAsync(id)).Body["status"]));
            }
        }
    }

    private static Uri UrlOf(ComfyServeProcess fleet, string role) =>
        new(fleet.Output.Split('\n').Single(line => line.StartsWith(role + " ", StringComparison.Ordinal))[role.Length..].Trim());

    private static async Task<string> UnhealthyAsync(ApiClient client, string cause, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (status, body) = await client.GetAsync("/health");
            if (status == 503 && (string?)body["reason"] is { } reason && reason.Contains(cause, StringComparison.Ordinal))
            {
                return reason;
            }

            await Task.Delay(10, cancellationToken);
        }
    }

    private static async Task<int> SendAsync(Uri gateway, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = gateway, Timeout = TimeSpan.FromMinutes(3) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        var request = new JsonObject { ["input"] = new JsonObject { ["workflow_json"] = JsonNode.Parse(InstantWorkflow.Text) } };
        using var answer = await http.PostAsJsonAsync("/api/v1/endpoints/comfyui-json/generate/sync", request, cancellationToken);
        return (int)answer.StatusCode;
    }

    private string Data(string name) => Path.Combine(_folder.FullName, name);

    // Measured with something instant, so that the gateway routes to the worker at once.
    private async Task<ComfyServeProcess> UpAsync()
    {
        var benchmark = Data("benchmark.json");
        await File.WriteAllTextAsync(benchmark, InstantWorkflow.Text.Replace("255", "\"__BENCHMARK_COLOR__\"", StringComparison.Ordinal), Cancellation);
        return ComfyServeProcess.Start(
            ["up", "--data", Data("data"), "--engine-port", "0", "--api-port", "0", "--gateway-port", "0", "--worker-port", "0"],
            new Dictionary<string, string> { ["BENCHMARK_JSON_PATH"] = benchmark, ["COMFYSERVE_ADMIN_KEY"] = Key });
    }
}
