using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ComfyServe.Contracts.Serverless;
using ComfyServe.ScriptedWorker;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>The original's protocol, call by call, against a whole gateway.</summary>
public sealed class CompatibilityTests(SharedGateway shared) : IClassFixture<SharedGateway>
{
    private readonly RunningGateway _gateway = shared.Gateway;
    private readonly string _name = "e" + Guid.NewGuid().ToString("N");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EndpointList_AsTheClientAsks_HasEveryIndispensableMember()
    {
        await _gateway.EndpointAsync(_name);

        var list = await _gateway.CallAsync(HttpMethod.Get, "/api/v0/endptjobs/?client_id=me&api_key=" + RunningGateway.Key, key: null);

        var endpoint = Assert.Single(list["results"]!.AsArray(), e => (string)e!["endpoint_name"]! == _name)!.AsObject();
        Assert.True((bool)list["success"]!);
        foreach (var member in new[] { "id", "endpoint_name", "api_key", "user_id", "created_at" })
        {
            Assert.True(endpoint.ContainsKey(member), member);
        }

        Assert.Equal(1, (double)endpoint["min_load"]!);
        Assert.Equal(0.9, (double)endpoint["target_util"]!);
        Assert.Equal(3, (double)endpoint["cold_mult"]!);
        Assert.Equal(5, (int)endpoint["cold_workers"]!);
        Assert.Equal(16, (int)endpoint["max_workers"]!);
        Assert.Equal(30, (double)endpoint["max_queue_time"]!);
        Assert.Equal(10, (double)endpoint["target_queue_time"]!);
        Assert.Null(endpoint["inactivity_timeout"]);
        Assert.Equal("active", (string)endpoint["endpoint_state"]!);
    }

    [Fact]
    public async Task Route_NoWorker_IsAnIndexToAskAgainWithAndNoUrlMember()
    {
        var (_, key) = await _gateway.EndpointAsync(_name);
        using var client = new WireClient(_gateway.Url, _name, key);

        var first = await client.RouteAsync(0, 100, Token);
        var again = await client.RouteAsync((long)first["request_idx"]!, 100, Token);

        Assert.False(first.ContainsKey("url"));
        Assert.NotEqual(0, (long)first["request_idx"]!);
        Assert.Equal((long)first["request_idx"]!, (long)again["request_idx"]!);
        Assert.Equal("no workers", (string)first["status"]!);
        Assert.True(Guid.TryParse((string)first["__request_id"]!, out _));
    }

    [Fact]
    public async Task Route_ReadyWorker_IsATicketThatTheWorkerAccepts()
    {
        var (_, key) = await _gateway.EndpointAsync(_name);
        var (id, token) = await _gateway.PlaceAsync(_name);
        await using var worker = await StartAsync(id, token, 1000);
        using var client = new WireClient(_gateway.Url, _name, key);

        var ticket = await ReadyAsync(client);

        Assert.Equal(["endpoint", "url", "cost", "reqnum", "signature", "request_idx", "__request_id", "grant"], ticket.Select(m => m.Key));
        Assert.Equal(worker.Url, (string)ticket["url"]!);
        Assert.Equal(344, ((string)ticket["signature"]!).Length);
        using var pem = RSA.Create();
        pem.ImportFromPem(await _gateway.Client.GetStringAsync(_gateway.Url + "/pubkey/", Token));
        Assert.Equal(2048, pem.KeySize);
        Assert.True(UrlSignature.Verify(pem, worker.Url, (string)ticket["signature"]!));
        Assert.Equal(id, (long)ticket["grant"]!["worker_id"]!);
        Assert.NotNull(await client.RequestAsync(10, Token));
        Assert.Equal(0, worker.BadTickets);
    }

    [Theory]
    [InlineData("""{"endpoint":"e","cost":100}""", null, 401)]
    [InlineData("""{"endpoint":"e","api_key":"wrong"}""", null, 401)]
    [InlineData("""{"endpoint":"none"}""", RunningGateway.Key, 400)]
    [InlineData("""{"cost":100}""", RunningGateway.Key, 400)]
    [InlineData("""{"endpoint":"e","request_idx":-1}""", RunningGateway.Key, 400)]
    [InlineData("not json", RunningGateway.Key, 400)]
    [InlineData("""{"endpoint":"e","cost":null,"request_idx":null,"replay_timeout":null}""", RunningGateway.Key, 200)]
    [InlineData("""{"endpoint":"e","cost":0,"request_idx":9007199254740991}""", RunningGateway.Key, 200)]
    [InlineData("""{"endpoint":"e","cost":-5}""", RunningGateway.Key, 400)]
    [InlineData("""{"endpoint":"e","cost":1e999}""", RunningGateway.Key, 400)]
    [InlineData("""{"endpoint":"e","cost":1e12}""", RunningGateway.Key, 400)]
    [InlineData("""{"endpoint":"e","cost":"NaN"}""", RunningGateway.Key, 400)]
    public async Task Route_OddCalls_FailOnlyForKeyEndpointAndBody(string body, string? key, int status)
    {
        await _gateway.EndpointAsync(_name);

        using var answer = await _gateway.SendAsync(HttpMethod.Post, "/route/", new StringContent(body.Replace("\"e\"", $"\"{_name}\"", StringComparison.Ordinal)), key);

        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Route_KeyOfAnotherEndpoint_IsRefused()
    {
        var (_, key) = await _gateway.EndpointAsync(_name + "a");
        await _gateway.EndpointAsync(_name + "b");

        using var own = await _gateway.SendAsync(HttpMethod.Post, "/route/", new { endpoint = _name + "a" }, key);
        using var other = await _gateway.SendAsync(HttpMethod.Post, "/route/", new { endpoint = _name + "b" }, key);
        using var manage = await _gateway.SendAsync(HttpMethod.Get, "/api/v0/endptjobs/", key: key);

        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, other.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, manage.StatusCode);
    }

    [Fact]
    public async Task Route_DoubledSlash_IsTheSameCall()
    {
        await _gateway.EndpointAsync(_name);

        using var answer = await _gateway.SendAsync(HttpMethod.Post, "//route/?api_key=" + RunningGateway.Key, new { endpoint = _name }, key: null);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Route_DeadWorkerUrl_IsNotAStorm()
    {
        var (_, key) = await _gateway.EndpointAsync(_name);
        var (id, token) = await _gateway.PlaceAsync(_name);
        var worker = await StartAsync(id, token, 1000);
        using var client = new WireClient(_gateway.Url, _name, key) { LongestPoll = TimeSpan.FromSeconds(0.2) };
        await ReadyAsync(client);
        await worker.KillAsync();
        var before = client.Routes;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(3));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.RequestAsync(100, patience.Token));

        Assert.InRange(client.Routes - before, 2, 30);
        await worker.DisposeAsync();
    }

    [Fact]
    public async Task Report_WrongTokenOrUnknownWorker_IsRefused()
    {
        await _gateway.EndpointAsync(_name);
        var (id, token) = await _gateway.PlaceAsync(_name);

        using var wrong = await _gateway.SendAsync(HttpMethod.Post, "/worker_status/", new { id, mtoken = token + "x" }, null);
        using var unknown = await _gateway.SendAsync(HttpMethod.Post, "/worker_status/", new { id = id + 1, mtoken = token }, null);
        using var right = await _gateway.SendAsync(HttpMethod.Post, "/worker_status/", new { id, mtoken = token }, null);

        Assert.Equal([401, 401, 200], [(int)wrong.StatusCode, (int)unknown.StatusCode, (int)right.StatusCode]);
    }

    [Fact]
    public async Task Workers_AsTheClientAsks_IsAnArrayWithNumbers()
    {
        var (endpoint, _) = await _gateway.EndpointAsync(_name);
        var (id, token) = await _gateway.PlaceAsync(_name);
        await using var worker = await StartAsync(id, token, 250);
        await WaitForAsync(endpoint, "idle");

        var list = await _gateway.CallAsync(HttpMethod.Post, "/get_endpoint_workers/", new { id = endpoint, api_key = RunningGateway.Key }, null);

        var view = Assert.Single(list.AsArray())!;
        Assert.Equal(id, (long)view["id"]!);
        Assert.Equal("idle", (string)view["status"]!);
        foreach (var number in new[] { "cur_load", "new_load", "cur_load_rolling_avg", "cur_perf", "perf", "measured_perf", "dlperf", "reliability", "disk_usage", "loaded_at", "started_at", "reqs_working" })
        {
            Assert.Equal(System.Text.Json.JsonValueKind.Number, view[number]!.GetValueKind());
        }

        Assert.Equal(250, (double)view["measured_perf"]!);
    }

    [Fact]
    public async Task Workers_ReportsAnError_IsNotRoutedTo()
    {
        var (endpoint, key) = await _gateway.EndpointAsync(_name);
        var (id, token) = await _gateway.PlaceAsync(_name);
        await using var worker = await StartAsync(id, token, 250);
        await WaitForAsync(endpoint, "idle");

        worker.Error = "No successful responses from benchmark";
        await WaitForAsync(endpoint, "error");

        using var client = new WireClient(_gateway.Url, _name, key);
        Assert.Equal("1 error", (string)(await client.RouteAsync(0, 100, Token))["status"]!);
    }

    [Fact]
    public async Task Workergroups_BothNames_ReachTheSameObject()
    {
        var (endpoint, _) = await _gateway.EndpointAsync(_name);

        var made = await _gateway.CallAsync(
            HttpMethod.Post, "/api/v0/workergroups/", new { client_id = "me", endpoint_name = _name, template_hash = "t1", search_params = "gpu_ram>=24", cold_workers = 2 });
        var list = await _gateway.CallAsync(HttpMethod.Get, "/api/v0/autojobs/");
        await _gateway.CallAsync(HttpMethod.Put, $"/api/v0/autojobs/{made["id"]}/", new { autojob_id = 1, gpu_ram = 48 });
        var group = Assert.Single((await _gateway.CallAsync(HttpMethod.Get, "/api/v0/workergroups/"))["results"]!.AsArray(), g => (long)g!["id"]! == (long)made["id"]!)!;
        var gone = await _gateway.CallAsync(HttpMethod.Delete, $"/api/v0/workergroups/{made["id"]}/", new { client_id = "me" });
        using var missing = await _gateway.SendAsync(HttpMethod.Delete, $"/api/v0/workergroups/{made["id"]}/");

        Assert.Equal((long)made["id"]!, (long)made["result"]!);
        Assert.Contains((long)made["id"]!, list["results"]!.AsArray().Select(g => (long)g!["id"]!));
        Assert.Equal(endpoint, (long)group["endpoint_id"]!);
        Assert.Equal("t1", (string)group["template_hash"]!);
        Assert.Equal(48, (double)group["gpu_ram"]!);
        Assert.Equal("gpu_ram>=24", (string)group["search_query"]!);
        Assert.True((bool)gone["success"]!);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task Endpoints_Update_NullsChangeNothing()
    {
        var (id, _) = await _gateway.EndpointAsync(_name, new { min_load = 5, max_workers = 3 });

        await _gateway.CallAsync(HttpMethod.Put, $"/api/v0/endptjobs/{id}/", new { endptjob_id = id, min_load = (double?)null, target_util = 0.5, endpoint_state = "suspended" });
        var endpoint = (await _gateway.CallAsync(HttpMethod.Get, $"/api/v0/endptjobs/{id}/"))["result"]!;

        Assert.Equal([5, 0.5, 3], [(double)endpoint["min_load"]!, (double)endpoint["target_util"]!, (double)endpoint["max_workers"]!]);
        Assert.Equal("suspended", (string)endpoint["endpoint_state"]!);
    }

    [Fact]
    public async Task Endpoints_WrongParameters_AreAllNamed()
    {
        using var answer = await _gateway.SendAsync(
            HttpMethod.Post, "/api/v0/endptjobs/", new { endpoint_name = "a/b", target_util = 2, max_workers = -1 });
        var error = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!;

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("invalid_args", (string)error["error"]!);
        Assert.All(["endpoint_name", "target_util", "max_workers"], name => Assert.Contains(name, (string)error["msg"]!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Endpoints_Deleted_AreGoneWithKeyAndWorkers()
    {
        var (id, key) = await _gateway.EndpointAsync(_name);
        var (worker, token) = await _gateway.PlaceAsync(_name);

        var answer = await _gateway.CallAsync(HttpMethod.Delete, $"/api/v0/endptjobs/{id}/", new { client_id = "me", endptjob_id = id });
        using var again = await _gateway.SendAsync(HttpMethod.Delete, $"/api/v0/endptjobs/{id}/");
        using var route = await _gateway.SendAsync(HttpMethod.Post, "/route/", new { endpoint = _name }, key);
        using var report = await _gateway.SendAsync(HttpMethod.Post, "/worker_status/", new { id = worker, mtoken = token }, null);

        Assert.Equal([worker], answer["deleted_workers"]!.AsArray().Select(w => (long)w!));
        Assert.Equal([400, 401, 401], [(int)again.StatusCode, (int)route.StatusCode, (int)report.StatusCode]);
    }

    [Fact]
    public async Task Keys_MadeScopedAndRevoked_WorkAsLongAsTheyMay()
    {
        await _gateway.EndpointAsync(_name);
        var account = await _gateway.CallAsync(HttpMethod.Post, "/api/v0/auth/apikeys/", new { name = "n", permissions = new { api = new { misc = new { } } } });
        var scoped = await _gateway.CallAsync(HttpMethod.Post, "/api/v0/auth/apikeys/", new { name = "s", endpoint = _name });

        using var manage = await _gateway.SendAsync(HttpMethod.Get, "/api/v0/endptjobs/", key: (string)account["key"]!);
        using var route = await _gateway.SendAsync(HttpMethod.Post, "/route/", new { endpoint = _name }, (string)scoped["key"]!);
        await _gateway.CallAsync(HttpMethod.Delete, $"/api/v0/auth/apikeys/{account["id"]}/");
        using var revoked = await _gateway.SendAsync(HttpMethod.Get, "/api/v0/endptjobs/", key: (string)account["key"]!);
        var list = await _gateway.CallAsync(HttpMethod.Get, "/api/v0/auth/apikeys/");

        Assert.Equal([200, 200, 401], [(int)manage.StatusCode, (int)route.StatusCode, (int)revoked.StatusCode]);
        Assert.NotNull(account["permissions"]!["api"]);
        Assert.All(list.AsArray(), k => Assert.Null(k!["key"]));
        Assert.Equal([(long)scoped["id"]!], list.AsArray().Where(k => k!["id"] is not null && (string?)k["endpoint"] == _name).Select(k => (long)k!["id"]!));
        Assert.DoesNotContain((long)account["id"]!, list.AsArray().Select(k => (long?)k!["id"] ?? 0));
    }

    [Fact]
    public async Task Keys_OfAnEndpoint_AreListedWithPrefixCreationAndLastUseAndCanBeRevoked()
    {
        var (_, own) = await _gateway.EndpointAsync(_name);
        var made = await _gateway.CallAsync(HttpMethod.Post, "/api/v0/auth/apikeys/", new { name = "s", endpoint = _name });
        var before = await ListAsync();
        using var route = await _gateway.SendAsync(HttpMethod.Post, "/route/", new { endpoint = _name }, (string)made["key"]!);
        var after = await ListAsync();
        await _gateway.CallAsync(HttpMethod.Delete, $"/api/v0/auth/apikeys/endpoints/{_name}/");
        using var revoked = await _gateway.SendAsync(HttpMethod.Post, "/route/", new { endpoint = _name }, own);
        var renewed = await ListAsync();

        Assert.StartsWith("ce_", (string)made["key"]!, StringComparison.Ordinal);
        Assert.Equal([((string)made["key"]!)[..9], own[..9]], before.Select(k => (string)k["prefix"]!));
        Assert.All(before, k => Assert.True((double)k["created_at"]! > 0 && k["last_used_at"] is null));
        Assert.True((double)after[0]["last_used_at"]! > 0);
        Assert.Equal(401, (int)revoked.StatusCode);
        Assert.NotEqual(own[..9], (string)renewed[1]["prefix"]!);

        async Task<List<JsonObject>> ListAsync() =>
            [.. (await _gateway.CallAsync(HttpMethod.Get, "/api/v0/auth/apikeys/")).AsArray().OfType<JsonObject>().Where(k => (string?)k["endpoint"] == _name)];
    }

    [Theory]
    [InlineData("/api/v0/endptjobs/", """{"endpoint_name": "NAME", "cold_worker": 1, "client_id": "me"}""", "cold_worker")]
    [InlineData("/api/v0/workergroups/", """{"endpoint_name": "NAME-there", "launch_arg": "x"}""", "launch_arg")]
    [InlineData("/api/v0/auth/apikeys/", """{"names": "x"}""", "names")]
    public async Task Management_FieldThatMeansNothing_IsToldInTheAnswer(string path, string body, string field)
    {
        await _gateway.EndpointAsync(_name + "-there");

        var answer = await _gateway.CallAsync(HttpMethod.Post, path, JsonNode.Parse(body.Replace("NAME", _name, StringComparison.Ordinal)));

        Assert.StartsWith($"'{field}' means nothing here and is ignored; there are ", (string)Assert.Single(answer["warnings"]!.AsArray())!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("process", "/does/not/exist --x", null, "no program on the gateway's machine")]
    [InlineData("process", "no-such-program-here", null, "no program on the gateway's machine")]
    [InlineData("script", "no-such-program-here", null, "no program on the gateway's machine")]
    [InlineData("process", "env", "--name 'open", "open quote")]
    [InlineData("process", null, null, "give the workergroup a 'command'")]
    public async Task Workergroup_ThatCannotStart_IsRefusedWhenItIsMade(string provider, string? command, string? arguments, string why)
    {
        await _gateway.EndpointAsync(_name);
        var settings = command is null ? [] : new Dictionary<string, string> { ["command"] = command };

        using var made = await _gateway.SendAsync(HttpMethod.Post, "/api/v0/workergroups/", new { endpoint_name = _name, provider, launch_args = arguments, provider_settings = settings });

        Assert.Equal(400, (int)made.StatusCode);
        Assert.Contains(why, (string)JsonNode.Parse(await made.Content.ReadAsStringAsync(Token))!["msg"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_HaveTheFourLevels()
    {
        var (id, _) = await _gateway.EndpointAsync(_name);
        await _gateway.PlaceAsync(_name);

        var logs = await _gateway.CallAsync(HttpMethod.Post, "/get_endpoint_logs/", new { endpoint = _name, api_key = RunningGateway.Key, tail = 5 }, null);
        var byId = await _gateway.CallAsync(HttpMethod.Post, "/get_endpoint_logs/", new { id, api_key = RunningGateway.Key }, null);

        Assert.Equal(["info0", "info1", "trace", "debug"], logs.AsObject().Select(l => l.Key));
        Assert.Matches("worker [0-9]+ added", (string)byId["trace"]!);
    }

    private Task<WorkerServer> StartAsync(long id, string token, double perf) => WorkerServer.StartAsync(
        new ScriptedWorkerOptions { Gateway = _gateway.Url, Id = id, Mtoken = token, Perf = perf, ReportEvery = TimeSpan.FromSeconds(0.1) }, Token);

    private static async Task<JsonObject> ReadyAsync(WireClient client)
    {
        for (var begun = Stopwatch.StartNew(); begun.Elapsed < TimeSpan.FromSeconds(20);)
        {
            var ticket = await client.RouteAsync(0, 1, Token);
            if (ticket.ContainsKey("url"))
            {
                return ticket;
            }
        }

        throw new TimeoutException("no worker became ready in 20 s");
    }

    private async Task WaitForAsync(long endpoint, string status)
    {
        var seen = "";
        for (var begun = Stopwatch.StartNew(); begun.Elapsed < TimeSpan.FromSeconds(20);)
        {
            var workers = await _gateway.CallAsync(HttpMethod.Post, "/get_endpoint_workers/", new { id = endpoint, api_key = RunningGateway.Key }, null);
            seen = (string?)workers[0]?["status"] ?? "none";
            if (seen == status)
            {
                return;
            }

            await Task.Delay(100, Token);
        }

        throw new TimeoutException($"worker did not become '{status}' in 20 s; it is '{seen}'");
    }
}
