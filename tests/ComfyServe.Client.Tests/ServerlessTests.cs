using System.Net;
using System.Text.Json.Nodes;

namespace ComfyServe.Client.Tests;

public sealed class ServerlessTests
{
    private const string Endpoints = """
        {"success": true, "results": [{"id": 7, "endpoint_name": "comfyui-json", "api_key": "ek", "user_id": 1, "created_at": 1.0, "endpoint_state": "active"}]}
        """;

    private const string Ready = """
        {"endpoint": "comfyui-json", "url": "http://10.0.0.5:3000", "cost": 100, "reqnum": 1, "signature": "s", "request_idx": 101, "__request_id": "u", "extra": [1]}
        """;

    private const string Waiting = """{"endpoint": "comfyui-json", "request_idx": 101, "status": "2 busy"}""";
    private const string Done = """{"id": "x", "status": "completed", "output": []}""";

    private readonly ScriptedHandler _handler = new ScriptedHandler().Then(Endpoints);
    private readonly ImmediateTime _time = new();

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void New_WithoutKey_SaysHowToGiveOne(string? key)
    {
        var error = Assert.Throws<ServerlessException>(() => new Serverless(new ServerlessOptions { ApiKey = key }));

        Assert.StartsWith("API key missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetEndpoint_Unknown_NamesThoseThatAre()
    {
        using var client = Client();

        var error = await Assert.ThrowsAsync<ServerlessException>(() => client.GetEndpointAsync("nope", TestContext.Current.CancellationToken));

        Assert.Contains("'comfyui-json'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_WorkerFree_SendsTheWholeTicketAndThePayload()
    {
        _handler.Then(Ready).Then(Done);

        var response = await RequestAsync(new { input = new { request_id = "" } });

        Assert.True(response.Ok);
        Assert.Equal(101, response.RequestIdx);
        Assert.Equal("completed", response.Body!["status"]!.ToString());
        var route = _handler.Calls[1].Body!;
        Assert.Equal(["endpoint", "api_key", "cost", "request_idx", "replay_timeout"], route.AsObject().Select(p => p.Key));
        Assert.Equal("ek", route["api_key"]!.ToString());
        var call = _handler.Calls[2];
        Assert.Equal("/generate/sync", call.Path);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Ready), call.Body!["auth_data"]));
        Assert.Equal("""{"input":{"request_id":""}}""", call.Body["payload"]!.ToJsonString());
        Assert.Null(call.Body["session_id"]);
    }

    [Fact]
    public async Task Request_AllBusy_KeepsItsNumberAndPauses()
    {
        _handler.Then(Waiting).Then(Waiting).Then(Ready).Then(Done);

        var response = await RequestAsync();

        Assert.Equal([0, 101, 101], _handler.Calls.Skip(1).Take(3).Select(c => c.Body!["request_idx"]!.GetValue<long>()));
        Assert.Equal(TimeSpan.FromSeconds(1), _time.Pauses[0]);
        Assert.True(response.Ok);
    }

    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    [InlineData(HttpStatusCode.TooManyRequests)]
    public async Task Request_TransientFailure_GoesToAnotherWorkerUnderTheSameNumber(HttpStatusCode status)
    {
        _handler.Then(Ready).Then("", status).Then(Ready).ThenRefuse().Then(Ready).Then(Done);

        var response = await RequestAsync();

        Assert.Equal(3, response.Attempts);
        Assert.Equal([0, 101, 101], _handler.Calls.Where(c => c.Path == "/route/").Select(c => c.Body!["request_idx"]!.GetValue<long>()));
    }

    [Fact]
    public async Task Request_WorkflowFailed_IsNeverRunAgain()
    {
        _handler.Then(Ready).Then("""{"id": "x", "status": "failed", "message": "Generation failed: node 3"}""", HttpStatusCode.InternalServerError);

        var response = await RequestAsync();

        Assert.False(response.Ok);
        Assert.Equal(1, response.Attempts);
        var error = Assert.Throws<ServerlessException>(response.EnsureSuccess);
        Assert.False(error.IsTransient);
        Assert.Contains("node 3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_WorkerAtCapacity_IsTriedElsewhere()
    {
        _handler.Then(Ready)
            .Then("""{"id": "x", "status": "failed", "message": "Worker at capacity (1 in flight); retry shortly"}""", HttpStatusCode.ServiceUnavailable)
            .Then(Ready).Then(Done);

        Assert.Equal(2, (await RequestAsync()).Attempts);
    }

    [Fact]
    public async Task Request_WithoutRetry_SaysThatItMayBeTriedAgain()
    {
        _handler.Then(Ready).Then("", HttpStatusCode.BadGateway);

        var error = await Assert.ThrowsAsync<ServerlessException>(() => RequestAsync(options: new RequestOptions { Retry = false }));

        Assert.True(error.IsTransient);
        Assert.Equal(502, error.Status);
    }

    [Fact]
    public async Task Request_RouteRefused_CarriesStatusAndReason()
    {
        _handler.Then("""{"error": "Authentication failed"}""", HttpStatusCode.Unauthorized);

        var error = await Assert.ThrowsAsync<ServerlessException>(() => RequestAsync());

        Assert.Equal((401, false), (error.Status, error.IsTransient));
        Assert.Contains("Authentication failed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_EventsAndLines_YieldsEachItem()
    {
        _handler.Then(Ready).Then("data: {\"a\": 1}\n\n: beat\nevent: x\n{\"b\": 2}\n[DONE]\n{\"c\": 3}");
        using var client = Client();
        var endpoint = await client.GetEndpointAsync("comfyui-json", TestContext.Current.CancellationToken);

        var items = new List<string>();
        await foreach (var item in endpoint.StreamAsync("/generate/stream", new { }, cancellationToken: TestContext.Current.CancellationToken))
        {
            items.Add(item.ToJsonString());
        }

        Assert.Equal(["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"], items);
    }

    [Fact]
    public async Task Session_RequestsThenEnd_GoToOneWorker()
    {
        _handler.Then(Ready).Then("""{"session_id": "abc", "expiration": 1.0}""", HttpStatusCode.Created).Then(Done).Then("""{"ended": true}""");
        using var client = Client();
        var endpoint = await client.GetEndpointAsync("comfyui-json", TestContext.Current.CancellationToken);

        await using (var session = await endpoint.OpenSessionAsync(cancellationToken: TestContext.Current.CancellationToken))
        {
            var response = await session.RequestAsync("/generate/sync", new { input = 1 }, TestContext.Current.CancellationToken);
            Assert.True(response.Ok);
        }

        Assert.Equal(["/session/create", "/generate/sync", "/session/end"], _handler.Calls.Skip(2).Select(c => c.Path));
        Assert.Equal("abc", _handler.Calls[3].Body!["session_id"]!.ToString());
        Assert.Equal("u", _handler.Calls[4].Body!["session_auth"]!["__request_id"]!.ToString());
    }

    [Theory]
    [InlineData("[{\"id\": \"5\", \"perf\": \"1.5\", \"status\": null}]", 1)]
    [InlineData("{\"error_msg\": \"x\"}", 0)]
    public async Task GetWorkers_OddAnswers_AreRead(string answer, int count)
    {
        _handler.Then(answer);
        using var client = Client();
        var endpoint = await client.GetEndpointAsync("comfyui-json", TestContext.Current.CancellationToken);

        var workers = await endpoint.GetWorkersAsync(TestContext.Current.CancellationToken);

        Assert.Equal(count, workers.Count);
        Assert.All(workers, w => Assert.Equal((5, "UNKNOWN", 1.5), (w.Id, w.Status, w.Perf)));
    }

    private Serverless Client() => new(new ServerlessOptions
    {
        ApiKey = "account",
        Gateway = new Uri("http://gateway:8080"),
        Handler = _handler,
        TimeProvider = _time,
        Random = new Random(1),
    });

    private async Task<ServerlessResponse> RequestAsync(object? payload = null, RequestOptions? options = null)
    {
        using var client = Client();
        var endpoint = await client.GetEndpointAsync("comfyui-json", TestContext.Current.CancellationToken);
        return await endpoint.RequestAsync("/generate/sync", payload ?? new { input = 1 }, options, TestContext.Current.CancellationToken);
    }
}
