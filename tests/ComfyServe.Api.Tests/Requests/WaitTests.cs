using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Api.Tests.Requests;

public sealed class WaitTests
{
    [Fact]
    public async Task Sync_PreferWait_DegradesToAPromise()
    {
        await using var host = await ApiHost.StartAsync();

        using var request = new HttpRequestMessage(HttpMethod.Post, "/generate/sync") { Headers = { { "Prefer", "wait=1" } }, Content = ApiHost.Body(Workflows.Long, """, "request_id": "abc" """) };
        using var response = await host.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(202, (int)response.StatusCode);
        Assert.Equal("/result/abc", response.Headers.Location!.ToString());
        Assert.Equal("wait=1", response.Headers.GetValues("Preference-Applied").Single());
        var body = await response.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken);
        Assert.Equal("generating", (string?)body!["status"]);
        Assert.Equal("generating", (string?)(await host.GetAsync("/result/abc")).Body["status"]);
    }

    [Fact]
    public async Task Sync_RespondAsync_AnswersAtOnce()
    {
        await using var host = await ApiHost.StartAsync();

        using var request = new HttpRequestMessage(HttpMethod.Post, "/generate/sync") { Headers = { { "Prefer", "respond-async" } }, Content = ApiHost.Body(Workflows.Long) };
        using var response = await host.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(202, (int)response.StatusCode);
        Assert.Equal("respond-async", response.Headers.GetValues("Preference-Applied").Single());
    }

    [Fact]
    public async Task Result_Wait_AnswersWhenTheJobIsOver()
    {
        await using var host = await ApiHost.StartAsync();
        await host.SubmitAsync("""{"1": {"class_type": "FakeSleep", "inputs": {"ms": 50}}, "9": {"class_type": "SaveImage", "inputs": {}}}""", """, "request_id": "abc" """);

        var (status, answer) = await host.GetAsync("/result/abc?wait=30");

        Assert.Equal(200, status);
        Assert.Equal("completed", (string?)answer["status"]);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("601")]
    public async Task Result_BadWait_IsRefused(string wait)
    {
        await using var host = await ApiHost.StartAsync();

        Assert.Equal(422, (await host.GetAsync($"/result/abc?wait={wait}")).Status);
    }

    [Theory]
    [InlineData(null, "cancelled")]
    [InlineData("1", "cancelled")]
    [InlineData("0", "completed")]
    public async Task Sync_CallerGoesAway_CancelsUnlessAskedNotTo(string? header, string expected)
    {
        await using var host = await ApiHost.StartAsync();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Engine.Fault = (type, _) =>
        {
            if (type == "executing")
            {
                started.TrySetResult();
            }

            return ComfyServe.Testing.Engines.FakeEngineFault.None;
        };
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/generate/sync")
        {
            Content = ApiHost.Body("""{"1": {"class_type": "FakeSleep", "inputs": {"ms": 300}}}""", """, "request_id": "abc" """),
        };
        if (header is not null)
        {
            request.Headers.Add("X-Cancel-On-Disconnect", header);
        }

        var sending = host.Http.SendAsync(request, leave.Token);
        await started.Task.WaitAsync(TestContext.Current.CancellationToken);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);

        var (_, answer) = await host.GetAsync("/result/abc?wait=30");
        Assert.Equal(expected, (string?)answer["status"]);
    }
}
