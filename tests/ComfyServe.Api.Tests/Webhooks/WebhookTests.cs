using System.Net;
using System.Text.Json.Nodes;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Api.Tests.Webhooks;

public sealed class WebhookTests
{
    [Fact]
    public async Task Webhook_CompletedJob_IsSignedAndDelivered()
    {
        await using var receiver = await ReceiverAsync();
        await using var host = await StartAsync(o => (o.Webhook.Secret, o.Webhook.OtherSecret) = ("current", "previous"));

        await host.RunAsync(Workflows.Image, $$$""", "request_id": "abc", "return_outputs_as_base64": true, "webhook": {"url": "{{{receiver.BaseUrl}}}/hook?t=1", "extra_params": {"user_id": "12345"}} """);

        var call = await CallAsync(receiver, 1);
        Assert.Equal(("POST", "/hook?t=1", "application/json"), (call.Method, call.Path, call.Headers["Content-Type"]));
        var body = JsonNode.Parse(call.Body)!.AsObject();
        Assert.Equal(["id", "status", "message", "output", "timings", "extra"], body.Select(p => p.Key));
        Assert.Equal(("abc", "completed", "12345"), ((string?)body["id"], (string?)body["status"], (string?)body["extra"]!["user_id"]));
        Assert.NotNull(body["output"]![0]!["url"]);
        Assert.Null(body["output"]![0]!["data"]);
        Assert.Equal(ComfyServe.Jobs.Deliveries.DeliverySignature.Original("current", call.Body), call.Headers["X-Webhook-Signature"]);
        Assert.Equal(2, call.Headers["webhook-signature"].Split(' ').Length);
        Assert.StartsWith("msg_", call.Headers["webhook-id"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Webhook_NoSecret_IsNotSigned()
    {
        await using var receiver = await ReceiverAsync();
        await using var host = await StartAsync();

        await host.RunAsync(Workflows.Image, $$$""", "webhook": {"url": "{{{receiver.BaseUrl}}}/", "extra_params": {}} """);

        var call = await CallAsync(receiver, 1);
        Assert.False(call.Headers.ContainsKey("X-Webhook-Signature"));
        Assert.False(JsonNode.Parse(call.Body)!.AsObject().ContainsKey("extra"));
    }

    [Fact]
    public async Task Webhook_RequestNamesNone_TheServicesOwnIsCalled()
    {
        await using var receiver = await ReceiverAsync();
        await using var host = await ApiHost.StartAsync(o => o.Webhook.Url = receiver.BaseUrl + "/own"); // private, and allowed: the operator chose it

        await host.RunAsync(Workflows.Image, """, "webhook": {"url": "", "extra_params": {"a": 1}} """);

        var call = await CallAsync(receiver, 1);
        Assert.Equal("/own", call.Path);
        Assert.Equal(1, (int)JsonNode.Parse(call.Body)!["extra"]!["a"]!);
    }

    [Fact]
    public async Task Webhook_FailedAndCancelledJobs_AreToldToo()
    {
        await using var receiver = await ReceiverAsync();
        await using var host = await ApiHost.StartAsync(o => o.Webhook.Url = receiver.BaseUrl);

        await host.RunAsync("""{"1": {"class_type": "FakeFail", "inputs": {}}}""", """, "request_id": "fails" """);
        await host.SubmitAsync(Workflows.Long, """, "request_id": "long" """);
        await host.PostAsync("/cancel/long", "{}");

        await CallAsync(receiver, 2);
        var told = receiver.Requests.Select(r => JsonNode.Parse(r.Body)!).ToDictionary(b => (string)b["id"]!, b => (string)b["status"]!);
        Assert.Equal(("failed", "cancelled"), (told["fails"], told["long"]));
    }

    [Fact]
    public async Task Webhook_ReceiverDownForAWhile_GetsItUnderTheSameIdAfterwards()
    {
        var failures = 2;
        await using var receiver = await FileServer.StartAsync(context =>
        {
            context.Response.StatusCode = failures-- > 0 ? 503 : 204;
            return Task.CompletedTask;
        });
        await using var host = await StartAsync(o => o.Webhook.FirstPause = TimeSpan.FromMilliseconds(20));

        await host.RunAsync(Workflows.Image, $$$""", "request_id": "abc", "webhook": {"url": "{{{receiver.BaseUrl}}}/"} """);

        await CallAsync(receiver, 3);
        Assert.Single(receiver.Requests.Select(r => r.Headers["webhook-id"]).Distinct());
        Assert.Single(receiver.Requests.Select(r => Convert.ToHexString(r.Body)).Distinct());
        var delivery = await DeliveryAsync(host, "delivered");
        Assert.Equal([503, 503, 204], delivery["attempts"]!.AsArray().Select(a => (int)a!["status"]!));
    }

    [Fact]
    public async Task Webhook_ServiceRestarted_IsStillDelivered()
    {
        var open = false;
        await using var receiver = await FileServer.StartAsync(context =>
        {
            context.Response.StatusCode = open ? 200 : 500;
            return Task.CompletedTask;
        });
        await using var host = await StartAsync(o => o.Webhook.FirstPause = TimeSpan.FromMilliseconds(500));
        await host.RunAsync(Workflows.Image, $$$""", "request_id": "abc", "webhook": {"url": "{{{receiver.BaseUrl}}}/"} """);
        await CallAsync(receiver, 1);
        await FailedOnceAsync(host);
        open = true;

        await host.RestartAsync();

        await CallAsync(receiver, 2);
        await DeliveryAsync(host, "delivered");
    }

    [Fact]
    public async Task Webhook_NameThatLeadsElsewhereLater_IsNotCalled()
    {
        await using var receiver = await ReceiverAsync();
        var looks = 0;
        await using var host = await ApiHost.StartAsync(
            static o => o.Webhook.GiveUpAfter = TimeSpan.Zero,
            build: b => b.Services.AddSingleton<GuardedHandler.Resolve>((_, _) =>
                Task.FromResult<IPAddress[]>([Interlocked.Increment(ref looks) == 1 ? IPAddress.Parse("8.8.8.8") : IPAddress.Loopback])));

        await host.RunAsync(Workflows.Image, $$$""", "request_id": "abc", "webhook": {"url": "http://hook.example:{{{new Uri(receiver.BaseUrl).Port}}}/"} """);

        var delivery = await DeliveryAsync(host, "dead");
        Assert.Contains("not on the public internet", (string?)delivery["attempts"]![0]!["error"], StringComparison.Ordinal);
        Assert.Empty(receiver.Requests);
    }

    [Fact]
    public async Task Redeliver_DeadDelivery_IsTriedOnceMore()
    {
        var status = 410;
        await using var receiver = await FileServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        await using var host = await StartAsync();
        await host.RunAsync(Workflows.Image, $$$""", "request_id": "abc", "webhook": {"url": "{{{receiver.BaseUrl}}}/"} """);
        await DeliveryAsync(host, "dead");
        status = 200;

        var (answered, body) = await host.PostAsync("/result/abc/webhooks/redeliver", "{}");

        Assert.Equal((202, 1), (answered, (int)body["deliveries"]!));
        await DeliveryAsync(host, "delivered");
    }

    private static Task<FileServer> ReceiverAsync() => FileServer.StartAsync(context =>
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    });

    private static Task<ApiHost> StartAsync(Action<ApiOptions>? configure = null) => ApiHost.StartAsync(o =>
    {
        o.AllowedHosts = ["127.0.0.1"];
        configure?.Invoke(o);
    });

    private static async Task<ReceivedRequest> CallAsync(FileServer receiver, int count)
    {
        await receiver.ReceivedAsync(count);
        return receiver.Requests.Last();
    }

    private static Task<JsonNode> DeliveryAsync(ApiHost host, string state) => DeliveryAsync(host, d => (string?)d["state"] == state);

    /// <summary>Waits until the ledger has the first failed try: a stop before that leaves the delivery claimed for a while.</summary>
    private static Task<JsonNode> FailedOnceAsync(ApiHost host) => DeliveryAsync(host, static d => d["attempts"]?.AsArray().Count >= 1);

    private static async Task<JsonNode> DeliveryAsync(ApiHost host, Func<JsonNode, bool> holds)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            var (_, body) = await host.GetAsync("/result/abc/webhooks");
            if (body["deliveries"]?.AsArray() is [{ } delivery] && holds(delivery))
            {
                return delivery;
            }

            await Task.Delay(10, patience.Token);
        }
    }
}
