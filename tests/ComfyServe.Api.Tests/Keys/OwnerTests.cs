using System.Net;
using System.Text.Json.Nodes;
using ComfyServe.Api.Keys;
using ComfyServe.Testing.Web;

namespace ComfyServe.Api.Tests.Keys;

/// <summary>Two callers with keys of their own on one service: an id belongs to who used it, and nobody learns of another's.</summary>
public sealed class OwnerTests
{
    private const string Ann = "ann-key-0123456789";
    private const string Bob = "bob-key-0123456789";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Id_OfAnothersFinishedJob_TakesNothingFromIt()
    {
        await using var receiver = await FileServer.StartAsync(static _ => Task.CompletedTask);
        await using var host = await StartAsync(receiver);
        As(host, Ann);
        await host.SubmitAsync(Workflows.Image, """, "request_id": "order-17" """);
        var (_, hers) = await host.GetAsync("/result/order-17?wait=60");
        await receiver.ReceivedAsync(1);

        As(host, Bob);
        var before = await TextsAsync(host, "order-17");
        var (status, his) = await host.RunAsync(Workflows.Steps, """, "request_id": "order-17" """);
        await receiver.ReceivedAsync(2);
        var told = receiver.Requests.Count;
        var (_, redelivered) = await host.PostAsync("/result/order-17/webhooks/redeliver", "{}");
        await receiver.ReceivedAsync(told + 1);

        As(host, Ann);
        var (_, after) = await host.GetAsync("/result/order-17");
        Assert.Equal(await TextsAsync(host, "no-such-order"), before);
        Assert.Equal((200, "completed"), (status, (string?)his["status"]));
        Assert.Equal(hers.ToJsonString(), after.ToJsonString());
        Assert.NotEqual(Url(hers), Url(his));
        Assert.Equal(1, (int)redelivered["deliveries"]!);
        Assert.Single((await host.GetAsync("/result/order-17/webhooks")).Body["deliveries"]!.AsArray());
        Assert.Equal((string?)hers["output"]![0]!["sha256"], await HashAsync(Url(hers)));
        Assert.Equal((string?)his["output"]![0]!["sha256"], await HashAsync(Url(his)));
    }

    [Fact]
    public async Task Id_OfAnothersRunningJob_IsFree()
    {
        await using var host = await StartAsync();
        As(host, Ann);
        await host.SubmitAsync(Workflows.Long, """, "request_id": "secret" """);
        await host.Engine.SubmittedAsync(1);

        As(host, Bob);
        var (used, _) = await host.SubmitAsync(Workflows.Steps, """, "request_id": "secret" """);
        var (fresh, _) = await host.SubmitAsync(Workflows.Steps, """, "request_id": "other" """);
        var (cancelled, _) = await host.PostAsync("/cancel/secret", "{}");

        As(host, Ann);
        Assert.Equal((202, 202, 200), (used, fresh, cancelled));
        Assert.Equal("generating", (string?)(await host.GetAsync("/result/secret")).Body["status"]);
        Assert.Equal(200, (await host.PostAsync("/cancel/secret", "{}")).Status);
    }

    [Fact]
    public async Task Restart_DuringHerJob_LeavesItHersAndItsRepetitionKnown()
    {
        await using var host = await StartAsync();
        As(host, Ann);
        await host.SubmitAsync(Workflows.Long, """, "request_id": "abc" """);
        await host.Engine.SubmittedAsync(1);

        await host.RestartAsync();

        As(host, Ann);
        Assert.Equal(200, (await host.GetAsync("/result/abc")).Status);
        Assert.Equal(202, (await host.SubmitAsync(Workflows.Long, """, "request_id": "abc" """)).Status);
        Assert.Equal(409, (await host.SubmitAsync(Workflows.Image, """, "request_id": "abc" """)).Status);
        As(host, Bob);
        Assert.Equal(404, (await host.GetAsync("/result/abc")).Status);
        Assert.Equal(202, (await host.SubmitAsync(Workflows.Steps, """, "request_id": "abc" """)).Status);
        As(host, Ann);
        await host.PostAsync("/cancel/abc", "{}");
        Assert.Equal("cancelled", (string?)(await host.GetAsync("/result/abc")).Body["status"]);
        await host.RestartAsync();
        As(host, Ann);
        Assert.Equal("cancelled", (string?)(await host.GetAsync("/result/abc")).Body["status"]);
    }

    [Fact]
    public async Task IdempotencyKey_OfAnother_IsFree()
    {
        await using var host = await StartAsync();
        As(host, Ann);
        var (_, hers) = await host.PostAsync("/generate", ApiHost.Body(Workflows.Image), "Idempotency-Key", "k");

        As(host, Bob);
        var (status, his) = await host.PostAsync("/generate", ApiHost.Body(Workflows.Steps), "Idempotency-Key", "k");

        Assert.Equal(202, status);
        Assert.NotEqual((string?)hers["id"], (string?)his["id"]);
    }

    [Fact]
    public async Task Replaced_ByItsOwner_AnOldUrlNeverShowsTheNewContent()
    {
        await using var host = await StartAsync();
        As(host, Ann);
        var (_, first) = await host.RunAsync(Workflows.Image, """, "request_id": "abc" """);
        var (_, second) = await host.RunAsync(Workflows.Steps, """, "request_id": "abc" """);

        Assert.Equal((string?)first["output"]![0]!["filename"] is not null, (string?)second["output"]![0]!["filename"] is not null);
        Assert.NotEqual(Path(first), Path(second));
        Assert.Equal((string?)first["output"]![0]!["sha256"], await HashAsync(Url(first)));
    }

    /// <summary>What each route says about an id, without the id.</summary>
    private static async Task<List<string>> TextsAsync(ApiHost host, string id)
    {
        var texts = new List<string>();
        foreach (var (method, path) in ((string, string)[])[("GET", "/result/ID"), ("GET", "/result/ID/webhooks"), ("POST", "/result/ID/webhooks/redeliver"), ("POST", "/cancel/ID"), ("GET", "/generate/stream/ID")])
        {
            using var request = new HttpRequestMessage(new(method), path.Replace("ID", id, StringComparison.Ordinal));
            using var response = await host.Http.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            texts.Add((await response.Content.ReadAsStringAsync(Cancellation)).Replace(id, "ID", StringComparison.Ordinal));
        }

        return texts;
    }

    private static string Url(JsonObject result) => (string)result["output"]![0]!["url"]!;

    private static string Path(JsonObject result) => new Uri(Url(result)).AbsolutePath;

    private static async Task<string> HashAsync(string url)
    {
        using var plain = new HttpClient();
        return Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await plain.GetByteArrayAsync(url, Cancellation)));
    }

    private static void As(ApiHost host, string key)
    {
        host.Http.DefaultRequestHeaders.Remove("X-API-Key");
        host.Http.DefaultRequestHeaders.Add("X-API-Key", key);
    }

    private static Task<ApiHost> StartAsync(FileServer? receiver = null) => ApiHost.StartAsync(o =>
    {
        o.ApiKeys = [ApiKey.Parse($"ann:{Ann}"), ApiKey.Parse($"bob:{Bob}")];
        o.Webhook.Url = receiver?.BaseUrl;
    });
}
