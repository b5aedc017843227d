using System.Net;
using System.Text.Json.Nodes;

namespace ComfyServe.Worker.Tests.Sessions;

/// <summary>Sessions of a whole worker, as the original's client uses them.</summary>
public sealed class SessionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Create_WithoutLifetime_LivesForAMinute() // 47
    {
        await using var worker = await RunningWorker.StartAsync();
        var ticket = worker.Gateway.Granted(worker.Url);

        var (status, created) = await CreateAsync(worker, ticket);
        var (found, session) = await CallAsync(worker, "get", (string)created["session_id"]!, ticket);

        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Matches("^[A-Za-z0-9]{13}$", (string)created["session_id"]!);
        Assert.Equal(HttpStatusCode.OK, found);
        Assert.Equal(7, session.Count); // 49
        Assert.Equal(60.0, (double)session["lifetime"]!);
        Assert.Equal((double)session["created_at"]! + 60, (double)session["expiration"]!, 3);
        Assert.True(JsonNode.DeepEquals(ticket, session["auth_data"]));
        await worker.Gateway.UntilAsync(static g => g.Statuses.Any(static s => (double)s["cur_load"]! == 100 && (double)s["num_requests_working"]! == 1));
    }

    [Fact]
    public async Task Create_BadTicket_Is401()
    {
        await using var worker = await RunningWorker.StartAsync();
        var ticket = worker.Gateway.Ticket(worker.Url);
        ticket["signature"] = "x";

        Assert.Equal(HttpStatusCode.Unauthorized, (await CreateAsync(worker, ticket)).Status);
    }

    [Theory]
    [InlineData(1, HttpStatusCode.TooManyRequests)] // 48
    [InlineData(0, HttpStatusCode.Created)]
    public async Task Create_Second_DependsOnTheLimit(int limit, HttpStatusCode expected)
    {
        await using var worker = await RunningWorker.StartAsync(change: o => o.MaxSessions = limit);

        await CreateAsync(worker, worker.Gateway.Ticket(worker.Url));

        Assert.Equal(expected, (await CreateAsync(worker, worker.Gateway.Ticket(worker.Url))).Status);
    }

    [Fact]
    public async Task Create_LimitIsMinusOne_IsAlwaysRefused() // 48
    {
        await using var worker = await RunningWorker.StartAsync(change: static o => o.MaxSessions = -1);

        Assert.Equal(HttpStatusCode.TooManyRequests, (await CreateAsync(worker, worker.Gateway.Ticket(worker.Url))).Status);
    }

    [Fact]
    public async Task Create_MoreThanTheKeysShare_IsRefusedAndAnotherKeyIsNot()
    {
        await using var worker = await RunningWorker.StartAsync(change: static o => o.MaxSessionsPerKey = 2);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(HttpStatusCode.Created, (await CreateAsync(worker, worker.Gateway.Granted(worker.Url, nonce: $"key-7.{i}"))).Status);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await CreateAsync(worker, worker.Gateway.Granted(worker.Url, nonce: "key-7.x"))).Status);
        Assert.Equal(HttpStatusCode.Created, (await CreateAsync(worker, worker.Gateway.Granted(worker.Url, nonce: "key-8.x"))).Status);
    }

    [Fact]
    public async Task Create_HugeCost_LeavesHalfOfTheQueueToOthers()
    {
        await using var worker = await RunningWorker.StartAsync();

        await CreateAsync(worker, worker.Gateway.Granted(worker.Url, cost: 1e8));

        await worker.Gateway.UntilAsync(static g => g.Statuses.Any(static s => (double)s["cur_load"]! == 1_000 && s["comfyserve"]!["session_request_idxs"]!.AsArray().Count == 1));
        using var answer = await worker.GenerateAsync();
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("""{"lifetime":3601}""", "lifetime")]
    [InlineData("""{"lifetime":1e999}""", "lifetime")]
    [InlineData("""{"lifetime":60,"lifetime":61}""", "payload")]
    [InlineData("""{"on_close_route":"/\ud800"}""", "payload")]
    public async Task Create_WishesBeyondTheBounds_Is422(string payload, string named)
    {
        await using var worker = await RunningWorker.StartAsync();
        var body = $$"""{"auth_data":{{worker.Gateway.Granted(worker.Url).ToJsonString()}},"payload":{{payload}}}""";

        using var answer = await worker.Client.PostAsync(worker.Url + "/session/create", new StringContent(body), Token);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal([named], JsonNode.Parse(await RunningWorker.TextAsync(answer))!.AsObject().Select(static m => m.Key));
    }

    [Fact]
    public async Task Use_ManyTimes_EndsNoLaterThanTheBoundFromNow()
    {
        await using var worker = await RunningWorker.StartAsync(change: static o => o.MaxSessionLifetime = TimeSpan.FromSeconds(100));
        var ticket = worker.Gateway.Granted(worker.Url);
        var id = (string)(await CreateAsync(worker, ticket)).Body["session_id"]!;
        for (var i = 0; i < 4; i++)
        {
            using var used = await worker.GenerateAsync(ticket, session: id);
        }

        var (_, session) = await CallAsync(worker, "get", id, ticket);

        Assert.InRange((double)session["expiration"]! - (double)session["created_at"]!, 99, 120);
    }

    [Fact]
    public async Task Create_RouteLeadsElsewhere_Is422()
    {
        await using var worker = await RunningWorker.StartAsync();

        var (status, body) = await CreateAsync(worker, worker.Gateway.Ticket(worker.Url), new JsonObject { ["on_close_route"] = "//evil.example/x", ["lifetime"] = -1 });

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal(["lifetime", "on_close_route"], body.Select(static m => m.Key));
    }

    [Fact]
    public async Task Lookup_MissingUnknownOrWrong_IsRefused() // 49, 50, 51
    {
        await using var worker = await RunningWorker.StartAsync();
        var ticket = worker.Gateway.Ticket(worker.Url);
        var id = (string)(await CreateAsync(worker, ticket)).Body["session_id"]!;
        var other = worker.Gateway.Ticket(worker.Url);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await CallAsync(worker, "get", null, ticket)).Status);
        Assert.Equal("session does not exist", (string)(await CallAsync(worker, "get", "nope", ticket)).Body["error"]!);
        Assert.Equal("session_auth is not valid", (string)(await CallAsync(worker, "get", id, other)).Body["error"]!);
        Assert.False((bool)(await CallAsync(worker, "health", "nope", ticket)).Body["ok"]!);
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(worker, "health", id, other)).Status);
        Assert.True((bool)(await CallAsync(worker, "health", id, ticket)).Body["ok"]!);
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(worker, "end", id, other)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(worker, "end", id, null)).Status);
    }

    [Fact]
    public async Task End_Twice_EndsOnceAndIsReported() // 51
    {
        await using var worker = await RunningWorker.StartAsync();
        var ticket = worker.Gateway.Ticket(worker.Url);
        var id = (string)(await CreateAsync(worker, ticket)).Body["session_id"]!;

        var (first, ended) = await CallAsync(worker, "end", id, ticket);
        var (second, _) = await CallAsync(worker, "end", id, ticket);

        Assert.Equal(HttpStatusCode.OK, first);
        Assert.Equal($$"""{"ended":true,"removed_session":"{{id}}"}""", ended.ToJsonString());
        Assert.Equal(HttpStatusCode.BadRequest, second);
        await worker.Gateway.UntilAsync(g => g.Ended.Any(e => (long)e["request_idx"]! == (long)ticket["request_idx"]! && (bool)e["success"]!));
    }

    [Fact]
    public async Task End_ThroughTheLocalPort_WorksAndRequestsDoNot()
    {
        await using var worker = await RunningWorker.StartAsync();
        var ticket = worker.Gateway.Ticket(worker.Url);
        var id = (string)(await CreateAsync(worker, ticket)).Body["session_id"]!;

        using var other = await worker.Client.GetAsync(worker.LocalUrl + "/files/x.png", Token);
        var (status, _) = await CallAsync(worker, "end", id, ticket, worker.LocalUrl);

        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        Assert.Equal(HttpStatusCode.OK, status);
    }

    [Theory]
    [InlineData("""{"a":1}""", """{"a":1,"session_id":"ID"}""")] // 52
    [InlineData("\"x\"", """{"payload":"x","session_id":"ID"}""")]
    [InlineData("null", """{"session_id":"ID"}""")]
    public async Task End_OnCloseRoute_IsTold(string payload, string told)
    {
        await using var worker = await RunningWorker.StartAsync();
        var ticket = worker.Gateway.Ticket(worker.Url);
        var wishes = new JsonObject { ["on_close_route"] = "/done", ["on_close_payload"] = JsonNode.Parse(payload) };
        var id = (string)(await CreateAsync(worker, ticket, wishes)).Body["session_id"]!;

        await CallAsync(worker, "end", id, ticket);

        Assert.Equal(("/done", told.Replace("ID", id, StringComparison.Ordinal)), Assert.Single(worker.Api.Others));
    }

    [Fact]
    public async Task Request_UnknownSession_Is410() // 45
    {
        await using var worker = await RunningWorker.StartAsync();

        using var answer = await worker.GenerateAsync(session: "nope");

        Assert.Equal(HttpStatusCode.Gone, answer.StatusCode);
        Assert.Equal("""{"error":"invalid session"}""", await RunningWorker.TextAsync(answer));
    }

    [Fact]
    public async Task Request_InSession_UsesItsTicketAgainAndProlongsIt() // 46
    {
        await using var worker = await RunningWorker.StartAsync();
        var ticket = worker.Gateway.Granted(worker.Url);
        var (_, created) = await CreateAsync(worker, ticket, new JsonObject { ["lifetime"] = 30 });
        var id = (string)created["session_id"]!;

        using var first = await worker.GenerateAsync(ticket, session: id);
        using var second = await worker.GenerateAsync(ticket, session: id);
        using var foreign = await worker.GenerateAsync(session: id);
        var (_, session) = await CallAsync(worker, "get", id, ticket);

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, foreign.StatusCode);
        Assert.Equal((double)created["expiration"]! + 60, (double)session["expiration"]!, 3);
    }

    [Fact]
    public async Task Session_TimeOver_IsClosedWithWhatRunsInIt() // 53
    {
        await using var worker = await RunningWorker.StartAsync();
        var cut = new TaskCompletionSource();
        worker.Api.Answer = (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => cut.TrySetResult(), TaskScheduler.Default);
        var ticket = worker.Gateway.Ticket(worker.Url);
        var id = (string)(await CreateAsync(worker, ticket, new JsonObject { ["lifetime"] = 0.1 })).Body["session_id"]!;

        var request = worker.GenerateAsync(ticket, session: id);

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => request);
        await cut.Task.WaitAsync(TimeSpan.FromSeconds(10), Token);
        Assert.Equal(HttpStatusCode.BadRequest, (await CallAsync(worker, "get", id, ticket)).Status);
    }

    private static Task<(HttpStatusCode Status, JsonObject Body)> CreateAsync(RunningWorker worker, JsonObject ticket, JsonObject? payload = null) => SendAsync(
        worker, worker.Url + "/session/create", new JsonObject { ["auth_data"] = ticket.DeepClone(), ["payload"] = payload ?? [] });

    private static Task<(HttpStatusCode Status, JsonObject Body)> CallAsync(RunningWorker worker, string call, string? id, JsonObject? ticket, string? url = null)
    {
        var body = new JsonObject();
        if (id is not null)
        {
            body["session_id"] = id;
        }

        if (ticket is not null)
        {
            body["session_auth"] = ticket.DeepClone();
        }

        return SendAsync(worker, $"{url ?? worker.Url}/session/{call}", body);
    }

    private static async Task<(HttpStatusCode Status, JsonObject Body)> SendAsync(RunningWorker worker, string url, JsonObject body)
    {
        using var content = new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
        using var answer = await worker.Client.PostAsync(url, content, Token);
        var text = await RunningWorker.TextAsync(answer);
        return (answer.StatusCode, text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject());
    }
}
