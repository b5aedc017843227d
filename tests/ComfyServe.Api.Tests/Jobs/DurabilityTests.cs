using ComfyServe.Testing.Files;

namespace ComfyServe.Api.Tests.Jobs;

public sealed class DurabilityTests
{
    private const string Brief = """{"1": {"class_type": "FakeSleep", "inputs": {"ms": 200}}, "9": {"class_type": "SaveImage", "inputs": {"seed": "__RANDOM_INT__"}}}""";

    [Fact]
    public async Task Result_AfterARestart_IsStillKnown()
    {
        await using var host = await ApiHost.StartAsync();
        await host.SubmitAsync(Workflows.Steps, """, "request_id": "abc" """);
        var (_, before) = await host.GetAsync("/result/abc?wait=30");

        await host.RestartAsync();

        var (status, after) = await host.GetAsync("/result/abc");
        Assert.Equal(200, status);
        Assert.Equal(before.ToJsonString(), after.ToJsonString());
        using var plain = new HttpClient();
        var url = new Uri((string)after["output"]![0]!["url"]!);
        Assert.Equal(200, (int)(await plain.GetAsync(new Uri(host.Http.BaseAddress!, url.PathAndQuery), TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task Restart_WhileARunIsUnderWay_TakesItUpWithoutRunningItAgain()
    {
        await using var host = await ApiHost.StartAsync();
        await host.SubmitAsync(Brief, """, "request_id": "abc" """);
        await host.Engine.SubmittedAsync(1);

        await host.RestartAsync();

        var (status, answer) = await host.GetAsync("/result/abc?wait=60");
        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.Single(answer["output"]!.AsArray());
        Assert.Single(host.Engine.Submitted);
    }

    [Fact]
    public async Task Restart_EngineForgotTheRun_RunsItAgainWithTheSameNumbers()
    {
        await using var host = await ApiHost.StartAsync();
        await host.SubmitAsync(Brief, """, "request_id": "abc" """);
        await host.Engine.SubmittedAsync(1);
        await host.StopServiceAsync();
        await host.Engine.KillAsync();
        await host.Engine.ReviveAsync();

        await host.StartServiceAsync();

        var (_, answer) = await host.GetAsync("/result/abc?wait=60");
        Assert.Equal("completed", (string?)answer["status"]);
        var runs = host.Engine.Submitted.ToArray();
        Assert.Equal(2, runs.Length);
        Assert.Equal(runs[0].GraphText, runs[1].GraphText);
    }

    [Fact]
    public async Task Restart_JobsThatWait_AreRunInOrderAndOnce()
    {
        await using var host = await ApiHost.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await host.SubmitAsync(Brief, $""", "request_id": "job{i}" """);
        }

        await host.RestartAsync();

        for (var i = 0; i < 5; i++)
        {
            var (_, answer) = await host.GetAsync($"/result/job{i}?wait=60");
            Assert.Equal("completed", (string?)answer["status"]);
        }

        Assert.Equal(5, host.Engine.Runs.Count);
    }

    [Fact]
    public async Task Stop_SyncCallerWaits_IsToldWhereTheResultWillBe()
    {
        await using var host = await ApiHost.StartAsync();
        var waiting = host.Http.PostAsync("/generate/sync", ApiHost.Body(Brief, """, "request_id": "abc" """), TestContext.Current.CancellationToken);
        await host.Engine.SubmittedAsync(1);

        var http = host.Http;
        await host.StopServiceAsync(leaveClient: true);

        using var response = await waiting;
        Assert.Equal(202, (int)response.StatusCode);
        Assert.Equal("/result/abc", response.Headers.Location!.ToString());
        http.Dispose();
        await host.StartServiceAsync();
        Assert.Equal("completed", (string?)(await host.GetAsync("/result/abc?wait=60")).Body["status"]);
    }

    [Fact]
    public async Task Cancel_AfterARestart_EndsTheOldRun()
    {
        await using var host = await ApiHost.StartAsync();
        await host.SubmitAsync(Workflows.Long, """, "request_id": "abc" """);
        await host.Engine.SubmittedAsync(1);
        await host.RestartAsync();

        var (status, _) = await host.PostAsync("/cancel/abc", "{}");

        Assert.Equal(200, status);
        Assert.Equal("cancelled", (string?)(await host.GetAsync("/result/abc")).Body["status"]);
        await host.RestartAsync();
        Assert.Equal("cancelled", (string?)(await host.GetAsync("/result/abc")).Body["status"]);
    }

    [Fact]
    public async Task IdempotencyKey_SameRequest_RunsOnce()
    {
        await using var host = await ApiHost.StartAsync();

        var (_, first) = await host.PostAsync("/generate", ApiHost.Body(Workflows.Image), "Idempotency-Key", "k1");
        var (status, second) = await host.PostAsync("/generate/sync", ApiHost.Body(Workflows.Image), "Idempotency-Key", "k1");
        await host.RestartAsync();
        var (_, third) = await host.PostAsync("/generate/sync", ApiHost.Body(Workflows.Image), "Idempotency-Key", "k1");

        Assert.Equal(200, status);
        Assert.Equal((string?)first["id"], (string?)second["id"]);
        Assert.Equal((string?)first["id"], (string?)third["id"]);
        Assert.Equal("completed", (string?)third["status"]);
        Assert.Single(host.Engine.Submitted);
    }

    [Fact]
    public async Task IdempotencyKey_OtherRequest_IsAConflict()
    {
        await using var host = await ApiHost.StartAsync();
        await host.PostAsync("/generate/sync", ApiHost.Body(Workflows.Image), "Idempotency-Key", "k1");

        var (status, answer) = await host.PostAsync("/generate/sync", ApiHost.Body(Workflows.Steps), "Idempotency-Key", "k1");

        Assert.Equal(409, status);
        Assert.Equal("id_in_use", (string?)answer["error"]!["code"]);
    }

    [Fact]
    public async Task RequestId_OfARunningJob_IsSharedOrAConflict()
    {
        await using var host = await ApiHost.StartAsync();
        await host.SubmitAsync(Workflows.Long, """, "request_id": "abc" """);

        var (same, _) = await host.SubmitAsync(Workflows.Long, """, "request_id": "abc" """);
        var (other, _) = await host.SubmitAsync(Workflows.Image, """, "request_id": "abc" """);

        Assert.Equal((202, 409), (same, other));
        await host.Engine.SubmittedAsync(1);
        Assert.Single(host.Engine.Submitted);
    }

    [Fact]
    public async Task RequestId_OfAFinishedJob_CanBeUsedAgain()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RunAsync(Workflows.Image, """, "request_id": "abc" """);

        var (status, answer) = await host.RunAsync(Workflows.Steps, """, "request_id": "abc" """);

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.Equal(2, host.Engine.Submitted.Count);
    }

    [Fact]
    public async Task Data_AfterARunWithAnInput_IsForThisAccountAlone()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RunAsync("""{"1": {"class_type": "LoadImage", "inputs": {"image": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}, "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}}}""");

        var files = Directory.GetFiles(host.Folder, "*", SearchOption.AllDirectories);
        Assert.Contains(files, static f => f.Contains("outputs", StringComparison.Ordinal));
        Assert.Contains(files, static f => f.Contains("inputs", StringComparison.Ordinal));
        Assert.All(files, static f => Assert.Equal((f, "600"), (f, FileModes.Of(f))));
        Assert.All((string[])[host.Folder, .. Directory.GetDirectories(host.Folder, "*", SearchOption.AllDirectories)], static f => Assert.Equal((f, "700"), (f, FileModes.Of(f))));
    }

    [Fact]
    public async Task Ledger_AfterARun_HoldsNoSecretInClear()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RunAsync(Workflows.Image, """, "s3": {"access_key_id": "", "secret_access_key": "hunter2-s3"}, "webhook": {"url": "http://127.0.0.1:1/hunter2-url", "secret": "hunter2-hook"} """);
        await host.StopServiceAsync();

        foreach (var file in Directory.GetFiles(host.Folder, "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain("hunter2", System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken)), StringComparison.Ordinal);
        }
    }
}
