using System.Diagnostics;

namespace ComfyServe.Api.Tests.Requests;

/// <summary>How long the stages of a job may take, where a request says so.</summary>
public sealed class BudgetTests
{
    [Fact]
    public async Task Queue_NoEngineBeginsInTime_FailsAndIsTakenOffTheEnginesQueue()
    {
        await using var host = await ApiHost.StartAsync();
        await host.SubmitAsync(Workflows.Long, """, "request_id": "long" """);
        await host.Engine.RunningAsync();

        var prefetched = host.SubmitAsync(Workflows.Image, """, "request_id": "b", "budgets": {"queue": 1} """);
        var (status, waiting) = await host.RunAsync(Workflows.Image, """, "request_id": "c", "budgets": {"queue": 1} """);
        await prefetched;
        var (_, other) = await host.GetAsync("/result/b?wait=30");

        Assert.Equal((500, "deadline_exceeded", true), (status, (string?)waiting["error"]!["code"], (bool?)waiting["error"]!["retryable"]));
        Assert.Equal("Generation failed: no engine began with the request within 1 s", (string?)waiting["message"]);
        Assert.Equal("deadline_exceeded", (string?)other["error"]!["code"]);
        await host.PostAsync("/cancel/long", "{}");
        Assert.Equal(200, (await host.RunAsync(Workflows.Image)).Status);
        Assert.DoesNotContain(host.Engine.Runs.Keys, id => host.Engine.Submitted.First(p => p.Id == id).GraphText.Contains("SaveImage", StringComparison.Ordinal) && host.Engine.Runs.Count > 2);
    }

    [Fact]
    public async Task Queue_RunHasBegun_IsNotEndedByIt()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, _) = await host.RunAsync("""{"1": {"class_type": "FakeSleep", "inputs": {"ms": 1500}}, "9": {"class_type": "SaveImage", "inputs": {}}}""", """, "budgets": {"queue": 1} """);

        Assert.Equal(200, status);
    }

    [Fact]
    public async Task Run_LongerThanTheRequestAllows_IsInterrupted()
    {
        await using var host = await ApiHost.StartAsync();
        var began = Stopwatch.GetTimestamp();

        var (status, answer) = await host.RunAsync(Workflows.Long, """, "budgets": {"run": 1} """);

        Assert.Equal((500, "deadline_exceeded"), (status, (string?)answer["error"]!["code"]));
        Assert.Equal(3, host.Engine.Submitted.First().RunSeconds); // the engine ends it by itself a little later
        Assert.Contains("longer than 1 s", (string?)answer["message"], StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        Assert.Equal(200, (await host.RunAsync(Workflows.Image)).Status);
    }

    [Fact]
    public async Task Run_WaitInTheEnginesQueue_DoesNotCount()
    {
        await using var host = await ApiHost.StartAsync(static o => o.Times.Silence = TimeSpan.FromMilliseconds(100));
        await host.SubmitAsync("""{"1": {"class_type": "FakeSleep", "inputs": {"ms": 1500}}}""");
        await host.Engine.RunningAsync();

        var (status, _) = await host.RunAsync(Workflows.Image, """, "budgets": {"run": 1} """);

        Assert.Equal(200, status);
    }

    [Fact]
    public async Task Upload_EngineSendsNothing_CompletesWithTheFilesError()
    {
        await using var host = await ApiHost.StartAsync();
        host.Engine.Answer = static request => request.Path == "/view" ? new NeverEnding() : null;

        var (status, answer) = await host.RunAsync(
            """{"1": {"class_type": "SaveImage", "inputs": {}}, "2": {"class_type": "SaveImage", "inputs": {}}}""", """, "budgets": {"upload": 1} """);

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.Equal(2, answer["output"]!.AsArray().Count);
        Assert.All(answer["output"]!.AsArray(), o => Assert.Equal("not stored within 1 s, the budget of the request's uploads", (string?)o!["upload_error"]));
    }

    [Theory]
    [InlineData("\"budgets\": {\"run\": 3601}", "budgets.run: Input should be at most 3600 seconds, this service's RUN_TIMEOUT")]
    [InlineData("\"budgets\": {\"queue\": 0}", "budgets.queue: Input should be between 1 and 31536000")]
    [InlineData("\"budgets\": {\"upload\": \"soon\"}", "budgets.upload: Input should be a valid integer")]
    [InlineData("\"budgets\": [1]", "budgets: Input should be a valid dictionary or object to extract fields from")]
    [InlineData("\"output_url_lifetime\": 604801", "output_url_lifetime: Input should be at most 604800 seconds, this service's OUTPUT_URL_MAX_LIFETIME")]
    [InlineData("\"webhook\": {\"events\": [\"start\", \"logs\"]}", "webhook.events.1: Input should be 'start', 'progress' or 'completed'")]
    [InlineData("\"webhook\": {\"events\": \"start\"}", "webhook.events: Input should be a valid list")]
    public async Task Request_BadValue_IsRefusedByName(string field, string expected)
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.RunAsync(Workflows.Image, $", {field}");

        var problem = Assert.Single(answer["detail"]!.AsArray())!;
        Assert.Equal(422, status);
        Assert.Equal(expected, $"{string.Join('.', problem["loc"]!.AsArray().Skip(2).Select(p => p!.ToString()))}: {problem["msg"]}");
    }

    [Fact]
    public async Task Request_NullBudgets_MeanDefaults()
    {
        await using var host = await ApiHost.StartAsync();

        Assert.Equal(200, (await host.RunAsync(Workflows.Image, """, "budgets": {"queue": null}, "output_url_lifetime": null, "webhook": {"events": null} """)).Status);
    }

    private sealed class NeverEnding : Microsoft.AspNetCore.Http.IResult
    {
        public async Task ExecuteAsync(Microsoft.AspNetCore.Http.HttpContext httpContext)
        {
            await httpContext.Response.Body.WriteAsync(new byte[100]);
            await httpContext.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, httpContext.RequestAborted);
        }
    }
}
