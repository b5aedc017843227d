using System.Text.Json.Nodes;
using ComfyServe.Testing.Web;

namespace ComfyServe.Api.Tests.Webhooks;

/// <summary>What is told about a job under way, to those who ask for it.</summary>
public sealed class ProgressWebhookTests
{
    private const string Slow = """{"3": {"class_type": "KSampler", "inputs": {"steps": 40, "ms": 25}}, "9": {"class_type": "SaveImage", "inputs": {}}}""";

    [Fact]
    public async Task Events_All_AreToldInOrderWithTheStep()
    {
        await using var receiver = await ReceiverAsync();
        await using var host = await StartAsync(static o => o.Webhook.Secret = "current");

        await host.RunAsync(Slow, $$$""", "request_id": "abc", "webhook": {"url": "{{{receiver.BaseUrl}}}/hook", "events": ["start", "progress", "completed"], "extra_params": {"a": 1}} """);
        await CompletedAsync(receiver);

        var told = receiver.Requests.Select(r => JsonNode.Parse(r.Body)!).ToList();
        var words = told.Select(b => (string?)b["event"]).ToList();
        Assert.Equal("start", words[0]);
        Assert.Equal("completed", words[^1]);
        Assert.Contains("progress", words);
        Assert.All(told, b => Assert.Equal(("abc", 1), ((string?)b["id"], (int)b["extra"]!["a"]!)));
        var steps = told.Where(b => (string?)b["event"] == "progress").Select(b => (double)b["progress"]!["overall_percentage"]!).ToList();
        Assert.Equal(steps.Order(), steps);
        Assert.All(told[1..^1], b => Assert.True((string?)b["status"] is "generating" or "generated", $"{b}")); // the last step may be told as its run ends
        Assert.All(receiver.Requests, r => Assert.Equal(ComfyServe.Jobs.Deliveries.DeliverySignature.Original("current", r.Body), r.Headers["X-Webhook-Signature"]));
        Assert.Equal(told.Count, receiver.Requests.Select(r => r.Headers["webhook-id"]).Distinct().Count());
    }

    [Fact]
    public async Task Progress_ManySteps_IsThrottledAndTellsTheNewest()
    {
        await using var receiver = await ReceiverAsync();
        await using var host = await StartAsync(static o => o.Webhook.ProgressInterval = TimeSpan.FromMilliseconds(400));

        await host.RunAsync(Slow, $$$""", "webhook": {"url": "{{{receiver.BaseUrl}}}/", "events": ["progress", "completed"]} """);
        await CompletedAsync(receiver);

        // A second of forty steps: without the throttle there would be forty calls.
        Assert.InRange(receiver.Requests.Count, 2, 20);
    }

    [Fact]
    public async Task Events_NotAskedFor_OnlyTheEndIsToldAsTheOriginalDoes()
    {
        await using var receiver = await ReceiverAsync();
        await using var host = await StartAsync();

        await host.RunAsync(Slow, $$$""", "webhook": {"url": "{{{receiver.BaseUrl}}}/"} """);
        await receiver.ReceivedAsync(1);

        var body = JsonNode.Parse(Assert.Single(receiver.Requests).Body)!.AsObject();
        Assert.Equal(["id", "status", "message", "output", "timings"], body.Select(p => p.Key));
    }

    [Fact]
    public async Task Events_WithoutTheEnd_LeaveNothingInTheOutbox()
    {
        await using var receiver = await ReceiverAsync();
        await using var host = await StartAsync();

        await host.RunAsync(Slow, $$$""", "request_id": "abc", "webhook": {"url": "{{{receiver.BaseUrl}}}/", "events": ["start"]} """);
        var (_, log) = await host.GetAsync("/result/abc/webhooks");

        Assert.Empty(log["deliveries"]!.AsArray());
        Assert.Equal("start", (string?)JsonNode.Parse(Assert.Single(receiver.Requests).Body)!["event"]);
    }

    [Fact]
    public async Task Progress_ReceiverHangs_DelaysNoJobAndTheEndIsTold()
    {
        await using var receiver = await FileServer.StartAsync(static async context =>
        {
            if (context.Request.Headers["webhook-id"].ToString().Contains('_', StringComparison.Ordinal) && context.Request.Headers["webhook-id"].ToString().Split('_').Length > 2)
            {
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }
        });
        await using var host = await StartAsync();

        var (status, _) = await host.RunAsync(Slow, $$$""", "webhook": {"url": "{{{receiver.BaseUrl}}}/", "events": ["start", "progress", "completed"]} """).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await CompletedAsync(receiver);

        Assert.Equal(200, status);
        Assert.Equal(["start", "completed"], receiver.Requests.Select(r => (string?)JsonNode.Parse(r.Body)!["event"]));
    }

    [Fact]
    public async Task Events_OfTheService_HoldForRequestsThatDoNotChoose()
    {
        await using var receiver = await ReceiverAsync();
        await using var host = await ApiHost.StartAsync(o => (o.Webhook.Url, o.Webhook.Events) = (receiver.BaseUrl, ["start", "completed"]));

        await host.RunAsync(Slow);
        await receiver.ReceivedAsync(2);

        Assert.Equal(["start", null], receiver.Requests.Select(r => (string?)JsonNode.Parse(r.Body)!["event"]));
    }

    [Fact]
    public async Task Progress_PrivateAddressOfACaller_IsNotCalled()
    {
        await using var receiver = await ReceiverAsync();
        await using var host = await ApiHost.StartAsync();

        await host.RunAsync(Slow, $$$""", "webhook": {"url": "{{{receiver.BaseUrl}}}/", "events": ["start", "progress"]} """);

        Assert.Empty(receiver.Requests);
    }

    private static Task<FileServer> ReceiverAsync() => FileServer.StartAsync(static _ => Task.CompletedTask);

    private static Task<ApiHost> StartAsync(Action<ApiOptions>? configure = null) => ApiHost.StartAsync(o =>
    {
        o.AllowedHosts = ["127.0.0.1"];
        o.Webhook.ProgressInterval = TimeSpan.FromMilliseconds(50);
        configure?.Invoke(o);
    });

    private static async Task CompletedAsync(FileServer receiver)
    {
        for (var count = 1; ; count++)
        {
            await receiver.ReceivedAsync(count);
            if (receiver.Requests.Any(r => (string?)JsonNode.Parse(r.Body)!["event"] == "completed"))
            {
                return;
            }
        }
    }
}
