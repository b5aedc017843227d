using System.Diagnostics;
using System.Text.Json.Nodes;
using ComfyServe.Gateway.Routing;
using ComfyServe.Jobs.Deliveries;
using ComfyServe.ScriptedWorker;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>Durable jobs and the synchronous proxy, on a whole gateway with scripted workers.</summary>
public sealed class JobTests(SharedGateway shared) : IClassFixture<SharedGateway>
{
    private readonly RunningGateway _gateway = shared.Gateway;
    private readonly string _name = "j" + Guid.NewGuid().ToString("N");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Job_WithAReadyWorker_CompletesWithItsAnswer()
    {
        await _gateway.EndpointAsync(_name);
        await using var worker = await WorkerAsync(1000);

        var accepted = await SubmitAsync(new { payload = new { input = new { x = 7 } }, cost = 50 });
        var done = await WaitAsync(accepted);

        Assert.StartsWith("job_", (string)accepted["id"]!, StringComparison.Ordinal);
        Assert.Equal("completed", (string)done["status"]!);
        Assert.Equal(7, (int)done["result"]!["payload"]!["input"]!["x"]!);
        Assert.Equal(1, (int)done["attempts"]!);
        Assert.Equal(50, (double)done["cost"]!);
        Assert.NotNull(done["finished_at"]);
    }

    [Fact]
    public async Task GenerateSync_ThirtyTwoMebibytes_GoThereAndBackWhole()
    {
        await _gateway.EndpointAsync(_name);
        await using var worker = await WorkerAsync(1000);
        var image = new string('x', 32 << 20);

        using var answer = await _gateway.SendAsync(HttpMethod.Post, $"/api/v1/endpoints/{_name}/generate/sync?cost=1", new { input = new { image } });

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal(image.Length, ((string)JsonNode.Parse(await answer.Content.ReadAsStreamAsync(Token))!["payload"]!["input"]!["image"]!).Length);
    }

    [Fact]
    public async Task Job_BareInput_IsThePayloadItself()
    {
        await _gateway.EndpointAsync(_name);
        await using var worker = await WorkerAsync(1000);

        var done = await WaitAsync(await SubmitAsync(new { input = new { x = 8 } }));

        Assert.Equal(8, (int)done["result"]!["payload"]!["input"]!["x"]!);
    }

    [Fact]
    public async Task Job_SameIdempotencyKey_IsAcceptedOnce()
    {
        await _gateway.EndpointAsync(_name);

        using var first = await SendAsync(new { input = new { x = 1 } }, "key-1");
        using var again = await SendAsync(new { input = new { x = 1 } }, "key-1");
        using var other = await SendAsync(new { input = new { x = 2 } }, "key-1");
        var list = await _gateway.CallAsync(HttpMethod.Get, $"{Path}?status=queued");

        Assert.Equal([202, 200, 409], [(int)first.StatusCode, (int)again.StatusCode, (int)other.StatusCode]);
        Assert.Equal(first.Headers.Location, again.Headers.Location);
        Assert.Single(list["jobs"]!.AsArray());
    }

    [Fact]
    public async Task Job_NoWorkerAndCancelled_EndsOnce()
    {
        await _gateway.EndpointAsync(_name);
        var accepted = await SubmitAsync(new { input = new { } });

        var cancelled = await _gateway.CallAsync(HttpMethod.Post, $"{Path}/{accepted["id"]}/cancel");
        using var again = await _gateway.SendAsync(HttpMethod.Post, $"{Path}/{accepted["id"]}/cancel");

        Assert.Equal("cancelled", (string)cancelled["status"]!);
        Assert.Equal(409, (int)again.StatusCode);
    }

    [Fact]
    public async Task Job_CancelledWhileItRuns_LeavesTheWorkerAtOnce()
    {
        var (endpoint, _) = await _gateway.EndpointAsync(_name);
        await using var worker = await WorkerAsync(1);
        var accepted = await SubmitAsync(new { input = new { } });
        await UntilAsync(async () => (int)(await WorkersAsync(endpoint))[0]!["reqs_working"]! == 1, "the worker has the job");

        await _gateway.CallAsync(HttpMethod.Post, $"{Path}/{accepted["id"]}/cancel");

        await UntilAsync(async () => (int)(await WorkersAsync(endpoint))[0]!["reqs_working"]! == 0, "the worker has dropped it");
        Assert.Equal("cancelled", (string)(await WaitAsync(accepted))["status"]!);
        Assert.Equal(0, worker.TotalServed);
    }

    [Fact]
    public async Task Job_WorkerFails_IsTriedOnAnother()
    {
        await _gateway.EndpointAsync(_name);
        await using var broken = await WorkerAsync(2000);
        broken.FailWith = 502;
        await using var sound = await WorkerAsync(1000);

        var done = await WaitAsync(await SubmitAsync(new { input = new { } }));

        Assert.Equal("completed", (string)done["status"]!);
        Assert.Equal(sound.Id.ToString(), (string)done["worker"]!);
        Assert.Equal(2, (int)done["attempts"]!);
    }

    [Fact]
    public async Task Job_WorkerRefusesTheWorkflow_FailsAndIsNotTriedAgain()
    {
        await _gateway.EndpointAsync(_name);
        await using var worker = await WorkerAsync(1000);
        worker.FailWith = 422;

        var done = await WaitAsync(await SubmitAsync(new { input = new { } }));

        Assert.Equal(["failed", "refused"], [(string)done["status"]!, (string)done["error"]!]);
        Assert.Equal(1, (int)done["attempts"]!);
    }

    [Fact]
    public async Task Job_BudgetSpent_IsParkedAndCompletesWhenSentAgain()
    {
        await _gateway.EndpointAsync(_name);
        await using var worker = await WorkerAsync(1000);
        worker.FailWith = 503;
        var accepted = await SubmitAsync(new { payload = new { input = new { } }, max_attempts = 2 });

        var parked = await WaitAsync(accepted);
        worker.FailWith = null;
        await _gateway.CallAsync(HttpMethod.Post, $"{Path}/{accepted["id"]}/retry");
        var done = await WaitAsync(accepted);
        using var notAgain = await _gateway.SendAsync(HttpMethod.Post, $"{Path}/{accepted["id"]}/retry");

        Assert.Equal("parked", (string)parked["status"]!);
        Assert.Equal(2, (int)parked["attempts"]!);
        Assert.Equal("completed", (string)done["status"]!);
        Assert.Equal(409, (int)notAgain.StatusCode);
    }

    [Fact]
    public async Task Job_WorkerKilledOrFrozenInTheMiddle_CompletesOnAnother()
    {
        var (endpoint, _) = await _gateway.EndpointAsync(_name);
        var killed = await WorkerAsync(20);
        await using var frozen = await WorkerAsync(19);
        var (first, second) = (await SubmitAsync(new { input = new { } }), await SubmitAsync(new { input = new { } }));
        await UntilAsync(async () => (await WorkersAsync(endpoint)).Sum(w => (int)w!["reqs_working"]!) == 2, "both workers have a job");

        frozen.Frozen = true;
        await killed.KillAsync();
        await using var sound = await WorkerAsync(1000);

        foreach (var job in new[] { first, second })
        {
            var done = await WaitAsync(job);
            Assert.Equal("completed", (string)done["status"]!);
            Assert.Equal(sound.Id.ToString(), (string)done["worker"]!);
        }

        await killed.DisposeAsync();
        await UntilAsync(() => Task.FromResult(Outstanding(endpoint, killed, frozen, sound) == 0), "no load is counted any more");
    }

    [Fact]
    public async Task Jobs_OfAnotherEndpoint_AreNotShown()
    {
        await _gateway.EndpointAsync(_name);
        var (_, stranger) = await _gateway.EndpointAsync(_name + "b");
        var accepted = await SubmitAsync(new { input = new { } });

        using var byStranger = await _gateway.SendAsync(HttpMethod.Get, $"{Path}/{accepted["id"]}", key: stranger);
        using var inAnother = await _gateway.SendAsync(HttpMethod.Get, $"/api/v1/endpoints/{_name}b/jobs/{accepted["id"]}", key: stranger);
        using var nobody = await _gateway.SendAsync(HttpMethod.Get, $"{Path}/{accepted["id"]}", key: null);

        Assert.Equal([404, 404, 401], [(int)byStranger.StatusCode, (int)inAnother.StatusCode, (int)nobody.StatusCode]);
    }

    [Fact]
    public async Task Job_WrongSubmission_AllMistakesAreNamed()
    {
        await _gateway.EndpointAsync(_name);

        using var answer = await SendAsync(new { payload = 3, route = "http://other", cost = -1, max_attempts = 0, webhook = new { url = "ftp://x" } }, null);
        var text = await answer.Content.ReadAsStringAsync(Token);

        Assert.Equal(422, (int)answer.StatusCode);
        Assert.All(["payload", "route", "cost", "max_attempts", "webhook.url"], name => Assert.Contains(name, text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Job_Webhook_IsToldTheEnd()
    {
        var told = new TaskCompletionSource<(string Id, JsonNode Body)>();
        await using var receiver = await ReceiverAsync(told);
        await _gateway.EndpointAsync(_name);
        await using var worker = await WorkerAsync(1000);

        var accepted = await SubmitAsync(new { payload = new { input = new { } }, webhook = new { url = receiver.Urls.First(), secret = "s" } });
        var (signature, body) = await told.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);

        Assert.StartsWith("v1,", signature, StringComparison.Ordinal);
        Assert.Equal((string)accepted["id"]!, (string)body["id"]!);
        Assert.Equal("completed", (string)body["status"]!);
    }

    [Theory]
    [InlineData("ftp://x", null, "'webhook.url'")]
    [InlineData("hook.example.com/x", null, "'webhook.url'")]
    [InlineData("http://169.254.169.254/x", null, "'webhook.url' is not called: the host '169.254.169.254' is not on the public internet")]
    [InlineData("http://10.0.0.1/x", null, "'webhook.url'")]
    [InlineData("http://[::ffff:10.0.0.1]/x", null, "'webhook.url'")]
    [InlineData("https://example.com/x", 61, "'webhook.timeout'")]
    public async Task Job_WebhookThatWillBeRefused_IsRefusedAtOnce(string url, int? timeout, string why)
    {
        await _gateway.EndpointAsync(_name);

        using var answer = await SendAsync(new { payload = new { input = new { } }, webhook = new { url, timeout } }, null);

        Assert.Equal(422, (int)answer.StatusCode);
        Assert.Contains(why, JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!["msg"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Job_HalfASurrogatePair_IsRefusedByItsPlace()
    {
        await _gateway.EndpointAsync(_name);
        using var body = new StringContent("""{"payload": {"input": {"text": "a\ud800"}}}""", System.Text.Encoding.UTF8, "application/json");

        using var answer = await _gateway.SendAsync(HttpMethod.Post, $"/api/v1/endpoints/{_name}/jobs", body);

        Assert.Equal(422, (int)answer.StatusCode);
        Assert.Contains("payload.input.text", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Job_Webhooks_AreListedAndSentOnceMore()
    {
        var status = 410;
        await using var receiver = await FileServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        await _gateway.EndpointAsync(_name);
        await using var worker = await WorkerAsync(1000);
        var accepted = await SubmitAsync(new { payload = new { input = new { } }, webhook = new { url = receiver.BaseUrl, secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } });
        var path = $"/api/v1/endpoints/{_name}/jobs/{accepted["id"]}/webhooks";
        await StateAsync("dead");

        status = 200;
        using var again = await _gateway.SendAsync(HttpMethod.Post, $"{path}/redeliver", null);

        Assert.Equal((202, """{"deliveries":1}"""), ((int)again.StatusCode, await again.Content.ReadAsStringAsync(Token)));
        var delivery = await StateAsync("delivered");
        Assert.Equal([410, 200], delivery["attempts"]!.AsArray().Select(static a => (int)a!["status"]!));
        var call = receiver.Requests.Last();
        Assert.Equal(
            DeliverySignature.Standard(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], call.Headers["webhook-id"], long.Parse(call.Headers["webhook-timestamp"]), call.Body),
            call.Headers["webhook-signature"]);
        using var elsewhere = await _gateway.SendAsync(HttpMethod.Get, $"/api/v1/endpoints/{_name}/jobs/job_none/webhooks", null);
        Assert.Equal(404, (int)elsewhere.StatusCode);

        async Task<JsonNode> StateAsync(string state)
        {
            JsonNode? found = null;
            await UntilAsync(
                async () =>
                {
                    using var answer = await _gateway.SendAsync(HttpMethod.Get, path, null);
                    found = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!["deliveries"]!.AsArray() is [{ } one] ? one : null;
                    return (string?)found?["state"] == state;
                },
                $"the webhook is {state}");
            return found!;
        }
    }

    [Fact]
    public async Task Sync_ReadyWorker_RelaysItsAnswer()
    {
        await _gateway.EndpointAsync(_name);
        await using var worker = await WorkerAsync(1000);

        using var answer = await _gateway.SendAsync(HttpMethod.Post, $"/api/v1/endpoints/{_name}/generate/sync", new { input = new { x = 9 } });
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!;

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal(9, (int)body["payload"]!["input"]!["x"]!);
        Assert.Equal(worker.Id.ToString(), Assert.Single(answer.Headers.GetValues("X-Worker")));
    }

    [Fact]
    public async Task Sync_WorkerFails_AnotherAnswers()
    {
        await _gateway.EndpointAsync(_name);
        await using var broken = await WorkerAsync(2000);
        broken.FailWith = 503;
        await using var sound = await WorkerAsync(1000);

        using var answer = await _gateway.SendAsync(HttpMethod.Post, $"/api/v1/endpoints/{_name}/generate/sync", new { input = new { } });

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal(sound.Id.ToString(), Assert.Single(answer.Headers.GetValues("X-Worker")));
    }

    [Fact]
    public async Task Jobs_GatewayRestartedWhileTheyRunAndWait_AllCompleteOnce()
    {
        await using var gateway = await RunningGateway.StartAsync(o => o.CallsPerSecond = 1000);
        await gateway.EndpointAsync("e");
        var (id, token) = await gateway.PlaceAsync("e");
        await using var worker = await WorkerServer.StartAsync(
            new ScriptedWorkerOptions { Gateway = gateway.Url, Id = id, Mtoken = token, Perf = 200, ReportEvery = TimeSpan.FromSeconds(0.2), MaxQueueTime = 1, Ours = true, NewerForm = true }, Token);
        List<string> jobs = [];
        for (var i = 0; i < 6; i++)
        {
            jobs.Add((string)(await gateway.CallAsync(HttpMethod.Post, "/api/v1/endpoints/e/jobs", new { input = new { i } }))["id"]!);
        }

        await gateway.RestartAsync();

        foreach (var job in jobs)
        {
            var done = await gateway.CallAsync(HttpMethod.Get, $"/api/v1/endpoints/e/jobs/{job}?wait=25");
            Assert.Equal("completed", (string)done["status"]!);
        }
    }

    private string Path => $"/api/v1/endpoints/{_name}/jobs";

    private async Task<WorkerServer> WorkerAsync(double perf)
    {
        var (id, token) = await _gateway.PlaceAsync(_name);
        var worker = await WorkerServer.StartAsync(
            new ScriptedWorkerOptions { Gateway = _gateway.Url, Id = id, Mtoken = token, Perf = perf, ReportEvery = TimeSpan.FromSeconds(0.1), MaxQueueTime = 1, Ours = true, NewerForm = true }, Token);
        var endpoint = (long)(await _gateway.CallAsync(HttpMethod.Get, "/api/v0/endptjobs/"))["results"]!.AsArray().Single(e => (string)e!["endpoint_name"]! == _name)!["id"]!;
        await UntilAsync(async () => (await WorkersAsync(endpoint)).Any(w => (long)w!["id"]! == id && (string)w["status"]! == "idle"), "the worker is ready");
        return worker;
    }

    private async Task<JsonNode> SubmitAsync(object body)
    {
        using var answer = await SendAsync(body, null);
        Assert.Equal(202, (int)answer.StatusCode);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!;
    }

    private async Task<HttpResponseMessage> SendAsync(object body, string? idempotencyKey)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _gateway.Url + Path) { Content = System.Net.Http.Json.JsonContent.Create(body) };
        request.Headers.Add("Authorization", "Bearer " + RunningGateway.Key);
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        return await _gateway.Client.SendAsync(request, Token);
    }

    private async Task<JsonNode> WaitAsync(JsonNode job)
    {
        for (var begun = Stopwatch.StartNew(); begun.Elapsed < TimeSpan.FromSeconds(90);)
        {
            var now = await _gateway.CallAsync(HttpMethod.Get, $"{Path}/{job["id"]}?wait=20");
            if ((string)now["status"]! is not ("queued" or "running"))
            {
                return now;
            }
        }

        throw new TimeoutException($"job {job["id"]} did not end in 90 s");
    }

    private async Task<JsonArray> WorkersAsync(long endpoint) =>
        (await _gateway.CallAsync(HttpMethod.Post, "/get_endpoint_workers/", new { id = endpoint })).AsArray();

    private double Outstanding(long endpoint, params WorkerServer[] workers)
    {
        var router = _gateway.Services.GetRequiredService<SeatTable>().Seat(endpoint).Router;
        return workers.Sum(w => router.OutstandingAt(w.Id));
    }

    private static async Task<WebApplication> ReceiverAsync(TaskCompletionSource<(string Id, JsonNode Body)> told)
    {
        var app = LoopbackServer.Build();
        app.MapPost("/", async (HttpContext context) =>
        {
            var body = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            told.TrySetResult((context.Request.Headers["webhook-signature"].ToString(), body!));
        });
        await app.StartAsync(Token);
        return app;
    }

    private static Task UntilAsync(Func<Task<bool>> condition, string what) => Until.HoldsAsync(condition, what, seconds: 60);
}
