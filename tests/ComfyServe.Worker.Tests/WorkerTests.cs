using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Worker.Admission;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Worker.Tests;

/// <summary>The request path of a whole worker (the numbers are those of the specification's test vectors).</summary>
public sealed class WorkerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Request_NotJson_Is422() // 26
    {
        await using var worker = await RunningWorker.StartAsync();

        using var answer = await worker.Client.PostAsync(worker.Url + "/generate/sync", new StringContent("{nope"), Token);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal("""{"error":"invalid JSON"}""", await RunningWorker.TextAsync(answer));
    }

    [Fact]
    public async Task Request_GoodTicket_ApiGetsThePayloadAloneAndClientItsAnswer() // 31, 40
    {
        await using var worker = await RunningWorker.StartAsync();
        const string Payload = """{"input": {"seed": 18446744073709551615, "cfg": 8.0, "text": "é\u00e9"}}""";
        var body = $$"""{"auth_data":{{worker.Gateway.Ticket(worker.Url).ToJsonString()}},"session_id":null,"payload":{{Payload}}}""";
        using var message = new HttpRequestMessage(HttpMethod.Post, worker.Url + "/generate/sync?api_key=secret") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        message.Headers.Add("Authorization", "Bearer secret");

        using var answer = await worker.Client.SendAsync(message, Token);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(FakeApi.Completed, await RunningWorker.TextAsync(answer));
        Assert.Equal(Payload, Assert.Single(worker.Api.Bodies));
        Assert.DoesNotContain("secret", Assert.Single(worker.Api.Heads), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_UrlOfAnotherWorker_Is401WithoutBody() // 32
    {
        await using var worker = await RunningWorker.StartAsync();
        var ticket = worker.Gateway.Ticket(worker.Url);
        ticket["url"] = "http://10.0.0.5:8080";

        using var answer = await worker.GenerateAsync(ticket);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("", await RunningWorker.TextAsync(answer));
    }

    [Fact]
    public async Task Request_TicketWithoutGrantTwice_IsServedTwice() // 33
    {
        await using var worker = await RunningWorker.StartAsync();
        var ticket = worker.Gateway.Ticket(worker.Url);

        using var first = await worker.GenerateAsync(ticket);
        using var second = await worker.GenerateAsync(ticket);

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
    }

    [Fact]
    public async Task Request_GrantTwice_IsServedOnce()
    {
        await using var worker = await RunningWorker.StartAsync();
        var ticket = worker.Gateway.Granted(worker.Url);

        using var first = await worker.GenerateAsync(ticket);
        using var second = await worker.GenerateAsync(ticket);

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, second.StatusCode);
        Assert.Single(worker.Api.Bodies);
    }

    [Fact]
    public async Task Request_GatewayGivesGrantsAndTicketHasNone_Is401()
    {
        await using var worker = await RunningWorker.StartAsync();
        worker.Gateway.Answer = new JsonObject { ["success"] = true, ["grants"] = true, ["now"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() };
        var terms = worker.Get<Worker.Tickets.GatewayTerms>();
        await worker.Gateway.UntilAsync(_ => terms.GivesGrants);

        using var without = await worker.GenerateAsync();
        using var with = await worker.GenerateAsync(worker.Gateway.Granted(worker.Url));

        Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
        Assert.Equal(HttpStatusCode.OK, with.StatusCode);
    }

    [Fact]
    public async Task Request_Unsecured_IsServedWithAnySignatureButNotWithoutMembers() // 34
    {
        await using var worker = await RunningWorker.StartAsync(change: static o => o.Unsecured = true);
        var ticket = worker.Gateway.Ticket(worker.Url);
        ticket["signature"] = "x";
        var incomplete = ticket.DeepClone().AsObject();
        incomplete.Remove("reqnum");

        using var served = await worker.GenerateAsync(ticket);
        using var refused = await worker.GenerateAsync(incomplete);

        Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
    }

    [Fact]
    public async Task Request_QueueTimeOverTheLimit_Is429AtOnceAndReported() // 35
    {
        await using var worker = await RunningWorker.StartAsync(perf: 2);
        var (running, release) = Blocked(worker);
        var first = worker.GenerateAsync();
        await running;

        using var second = await worker.GenerateAsync();

        Assert.Equal(HttpStatusCode.TooManyRequests, second.StatusCode);
        Assert.Equal("", await RunningWorker.TextAsync(second));
        await worker.Gateway.UntilAsync(static g => g.Ended.Any(static e => (string)e["status"]! == "Rejected" && !(bool)e["success"]! && (double)e["work_started_at"]! == 0)); // 65
        await worker.Gateway.UntilAsync(static g => g.Statuses.Any(static s => (double)s["rej_load"]! == 100));
        release.SetResult();
        using var served = await first;
        Assert.Equal(HttpStatusCode.OK, served.StatusCode);
    }

    [Fact]
    public async Task Request_QueueTimeWithinTheLimit_WaitsItsTurn() // 36, 44
    {
        await using var worker = await RunningWorker.StartAsync(perf: 200);
        var (running, release) = Blocked(worker);
        var first = worker.GenerateAsync(payload: new JsonObject { ["n"] = 1 });
        await running;
        var ledger = worker.Get<LoadLedger>();

        var second = worker.GenerateAsync(payload: new JsonObject { ["n"] = 2 });
        await worker.Gateway.UntilAsync(static g => g.Statuses.Any(static s => (double)s["cur_load"]! == 200));

        Assert.Equal(2, ledger.Count);
        Assert.Single(worker.Api.Bodies);
        release.SetResult();
        using var one = await first;
        using var two = await second;
        Assert.Equal(HttpStatusCode.OK, two.StatusCode);
        Assert.Equal(["""{"n":1}""", """{"n":2}"""], worker.Api.Bodies);
    }

    [Fact]
    public async Task Request_Answered_GatewayHearsStatusAndJob()
    {
        await using var worker = await RunningWorker.StartAsync();
        worker.Api.Answer = static (context, _) =>
        {
            context.Response.Headers["X-Job-Id"] = "job-5";
            return FakeApi.WriteAsync(context, 500, """{"id":"job-5","status":"failed","message":"node 3 failed"}""");
        };

        using var failed = await worker.GenerateAsync();

        await worker.Gateway.UntilAsync(static g => g.Ended.Any(static e => (int?)e["http_status"] == 422 && (string?)e["job_id"] == "job-5" && (bool)e["success"]!));
        await worker.Api.DisposeAsync();
        using var broken = await worker.GenerateAsync();
        await worker.Gateway.UntilAsync(static g => g.Ended.Any(static e => !(bool)e["success"]! && (string?)e["reason"] is { } reason && reason.Contains("did not answer", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Request_ApiSays422_ClientSeesItAndItCountsAsDone() // 41
    {
        await using var worker = await RunningWorker.StartAsync();
        worker.Api.Answer = static (context, _) => FakeApi.WriteAsync(context, 422, """{"detail":[]}""");

        using var answer = await worker.GenerateAsync();

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal("""{"detail":[]}""", await RunningWorker.TextAsync(answer));
        await worker.Gateway.UntilAsync(static g => g.Ended.Any(static e => (bool)e["success"]! && (string)e["status"]! == "Success"));
    }

    [Theory]
    [InlineData("""{"id":"1","status":"failed","message":"node 3 failed"}""", 422, true)]
    [InlineData("""{"id":"1","comfyui_response":{"status":"completed"},"status":"failed","error":{"code":"node_failed","retryable":false}}""", 422, true)]
    [InlineData("""{"id":"1","status":"failed","error":{"code":"gpu_unrecoverable","retryable":true}}""", 500, false)]
    [InlineData("Internal Server Error", 500, false)]
    public async Task Request_ApiSays500_OnlyAWorkflowThatFailedForGoodBecomes422(string body, int status, bool success)
    {
        await using var worker = await RunningWorker.StartAsync();
        worker.Api.Answer = (context, _) => FakeApi.WriteAsync(context, 500, body);

        using var answer = await worker.GenerateAsync();

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(body, await RunningWorker.TextAsync(answer));
        await worker.Gateway.UntilAsync(g => g.Ended.Any(e => (bool)e["success"]! == success && (double)e["work_completed_at"]! == 0));
    }

    [Fact]
    public async Task Request_ApiUnreachable_Is500WithoutBodyAndAnError() // 42
    {
        await using var worker = await RunningWorker.StartAsync();
        await worker.Api.DisposeAsync();

        using var answer = await worker.GenerateAsync();

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal("", await RunningWorker.TextAsync(answer));
        await worker.Gateway.UntilAsync(static g => g.Ended.Any(static e => !(bool)e["success"]! && (string)e["status"]! == "Error"));
    }

    [Fact]
    public async Task Request_EventStream_IsRelayedAsItComes() // 43
    {
        await using var worker = await RunningWorker.StartAsync();
        var more = new TaskCompletionSource();
        worker.Api.Answer = async (context, _) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: 1\n\n");
            await more.Task;
            await context.Response.WriteAsync("data: 2\n\n");
        };
        using var message = new HttpRequestMessage(HttpMethod.Post, worker.Url + "/generate/sync")
        {
            Content = JsonContent.Create(new JsonObject { ["auth_data"] = worker.Gateway.Ticket(worker.Url), ["payload"] = new JsonObject() }),
        };

        using var answer = await worker.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, Token);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Token));
        var first = await lines.ReadLineAsync(Token);
        more.SetResult();

        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("data: 1", first);
        Assert.Equal("\ndata: 2\n\n", await lines.ReadToEndAsync(Token));
    }

    [Fact]
    public async Task Request_ClientGoesAwayWhileItRuns_ApiIsCutOffAndTheNextRuns() // 66
    {
        await using var worker = await RunningWorker.StartAsync();
        var (started, ended) = (new TaskCompletionSource(), new TaskCompletionSource());
        worker.Api.Answer = async (context, _) =>
        {
            started.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => ended.TrySetResult(), TaskScheduler.Default);
        };
        using var leaving = new CancellationTokenSource();
        var request = worker.GenerateAsync(cancelled: leaving.Token);
        await started.Task.WaitAsync(Token);

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(10), Token);
        await worker.Gateway.UntilAsync(static g => g.Ended.Any(static e => (bool)e["success"]! && (string)e["status"]! == "Cancelled"));
        worker.Api.Answer = static (context, _) => FakeApi.WriteAsync(context, 200, FakeApi.Completed);
        using var next = await worker.GenerateAsync();
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    public async Task Request_ClientReadsSlowly_TheNextIsServedMeanwhile()
    {
        await using var worker = await RunningWorker.StartAsync();
        var large = new byte[32 << 20];
        worker.Api.Answer = (context, body) => body.Contains("large", StringComparison.Ordinal)
            ? Results.Bytes(large).ExecuteAsync(context)
            : FakeApi.WriteAsync(context, 200, FakeApi.Completed);
        using var slow = new HttpRequestMessage(HttpMethod.Post, worker.Url + "/generate/sync")
        {
            Content = JsonContent.Create(new JsonObject { ["auth_data"] = worker.Gateway.Ticket(worker.Url), ["payload"] = new JsonObject { ["size"] = "large" } }),
        };
        using var unread = await worker.Client.SendAsync(slow, HttpCompletionOption.ResponseHeadersRead, Token);

        using var next = await worker.GenerateAsync();

        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(large.Length, (await unread.Content.ReadAsByteArrayAsync(Token)).Length);
    }

    [Fact]
    public async Task Request_LargerThanAllowed_Is413()
    {
        await using var worker = await RunningWorker.StartAsync(change: static o => o.MaxBodyBytes = 2000);

        using var answer = await worker.GenerateAsync(payload: new JsonObject { ["text"] = new string('x', 3000) });

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task Output_SignedUrl_IsFetchedThroughTheWorker()
    {
        await using var worker = await RunningWorker.StartAsync();

        var text = await worker.Client.GetStringAsync(worker.Url + "/files/a/b.png?expires=1&signature=s", Token);

        Assert.Equal($"a/b.png?expires=1&signature=s for {new Uri(worker.Url).Authority} at {worker.Api.Url.Authority}", text);
    }

    [Theory]
    [InlineData(true, "rebound.example", null, HttpStatusCode.Forbidden)]
    [InlineData(true, "localhost", null, HttpStatusCode.OK)]
    [InlineData(true, "localhost", "http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData(false, "worker.example", null, HttpStatusCode.OK)]
    public async Task Request_FromAPageOfAnotherSite_IsRefused(bool unsecured, string host, string? origin, HttpStatusCode expected)
    {
        await using var worker = await RunningWorker.StartAsync(change: o => o.Unsecured = unsecured);
        using var request = new HttpRequestMessage(HttpMethod.Post, worker.Url + "/generate/sync")
        {
            Content = JsonContent.Create(new JsonObject { ["auth_data"] = worker.Gateway.Ticket(worker.Url), ["payload"] = new JsonObject() }),
        };
        request.Headers.Host = host;
        request.Headers.TryAddWithoutValidation("Origin", origin);

        using var answer = await worker.Client.SendAsync(request, Token);

        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task Update_OnlyWithTheToken_WritesTheFile()
    {
        await using var worker = await RunningWorker.StartAsync();
        var file = Path.Combine(worker.Folder, "force_update");
        using var wrong = new HttpRequestMessage(HttpMethod.Post, worker.Url + "/pyworker/update") { Headers = { { "Authorization", "Bearer nope" } } };
        using var right = new HttpRequestMessage(HttpMethod.Post, worker.Url + "/pyworker/update") { Headers = { { "Authorization", "Bearer " + FakeGateway.Mtoken } } };

        using var refused = await worker.Client.SendAsync(wrong, Token);
        var early = File.Exists(file);
        using var done = await worker.Client.SendAsync(right, Token);

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("""{"error":"unauthorized"}""", await RunningWorker.TextAsync(refused));
        Assert.False(early);
        Assert.Equal("""{"ok":true}""", await RunningWorker.TextAsync(done));
        Assert.True(File.Exists(file));
    }

    [Fact]
    public async Task Ping_IsAnswered()
    {
        await using var worker = await RunningWorker.StartAsync();

        Assert.Equal("pong", await worker.Client.GetStringAsync(worker.Url + "/ping", Token));
    }

    private static (Task Running, TaskCompletionSource Release) Blocked(RunningWorker worker)
    {
        var (running, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        worker.Api.Answer = async (context, _) =>
        {
            running.TrySetResult();
            await release.Task;
            await FakeApi.WriteAsync(context, 200, FakeApi.Completed);
        };
        return (running.Task, release);
    }
}
