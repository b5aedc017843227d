using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using ComfyServe.Testing;
using ComfyServe.Worker.Admission;
using ComfyServe.Worker.Tickets;

namespace ComfyServe.Worker.Tests.Tickets;

/// <summary>Tickets that do not verify: whoever sends them, and as many as they like, nothing changes at worker and gateway.</summary>
public sealed class ForgedTicketTests
{
    private const int Rounds = 40;

    [Fact]
    public async Task Request_TicketsThatDoNotVerify_ChangeNothingAndAreToldOnce()
    {
        using var log = new LogLines();
        await using var worker = await RunningWorker.StartAsync(log: log);
        worker.Gateway.Answer = new JsonObject { ["success"] = true, ["grants"] = true, ["now"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() };
        var terms = worker.Get<GatewayTerms>();
        await worker.Gateway.UntilAsync(_ => terms.GivesGrants);
        var (keyCalls, reported) = (worker.Gateway.KeyCalls, worker.Gateway.Statuses.Count);
        var used = worker.Gateway.Granted(worker.Url);
        using (await worker.GenerateAsync(used))
        {
            // From here on it was used.
        }

        for (var round = 0; round < Rounds; round++)
        {
            foreach (var forged in Forged(worker, used))
            {
                using var request = await worker.GenerateAsync(forged);
                Assert.Equal(HttpStatusCode.Unauthorized, request.StatusCode);
                using var session = await worker.PostAsync("/session/create", new JsonObject { ["auth_data"] = forged.DeepClone(), ["payload"] = new JsonObject() });
                Assert.Equal(HttpStatusCode.Unauthorized, session.StatusCode);
            }
        }

        var good = worker.Gateway.Granted(worker.Url);
        using var served = await worker.GenerateAsync(good);
        Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        await worker.Gateway.UntilAsync(g => g.Ended.Any(e => (long)e["request_idx"]! == (long)good["request_idx"]!));
        Assert.All(worker.Gateway.Ended, static e => Assert.Equal("Success", (string)e["status"]!));
        Assert.Equal(2, worker.Gateway.Ended.Count);
        Assert.All(worker.Gateway.Statuses.Skip(reported), static s => Assert.Equal(0, (double)s["rej_load"]!));
        Assert.Equal(0, worker.Get<LoadLedger>().Totals().Rejected);
        Assert.Equal(keyCalls, worker.Gateway.KeyCalls);
        Assert.InRange(worker.Get<NonceMemory>().Count, 2, 2);
        Assert.Single(log.Lines, static l => l.Contains("do not verify", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Request_MembersOfAnyType_AreA4xxAndNothingIsLogged()
    {
        using var log = new LogLines();
        await using var worker = await RunningWorker.StartAsync(log: log);
        worker.Get<GatewayTerms>().RequireGrants();
        string[] values = ["null", "[]", "{}", "1e999", "-1", "\"\\ud800\"", "\"\"", "true", "99999999999999999999"];
        foreach (var value in values)
        {
            foreach (var member in new[] { "cost", "endpoint", "reqnum", "request_idx", "signature", "url", "grant", "grant.version", "grant.worker_id", "grant.expires_at", "grant.nonce", "grant.signature" })
            {
                var ticket = worker.Gateway.Granted(worker.Url);
                var (holder, name) = member.StartsWith("grant.", StringComparison.Ordinal) ? (ticket["grant"]!.AsObject(), member[6..]) : (ticket, member);
                holder[name] = "@@";
                await RefusedAsync("{\"auth_data\":" + ticket.ToJsonString().Replace("\"@@\"", value, StringComparison.Ordinal) + ",\"session_id\":null,\"payload\":{}}", member + value);
            }

            await RefusedAsync("{\"auth_data\":" + value + ",\"session_id\":null,\"payload\":{}}", "auth_data" + value);
            await RefusedAsync($$"""{"session_id":{{value}},"session_auth":{{value}}}""", "session" + value);
        }

        Assert.DoesNotContain(log.Lines, static l => l.Contains("Exception", StringComparison.Ordinal));

        async Task RefusedAsync(string body, string what)
        {
            foreach (var route in new[] { "/generate/sync", "/session/create", "/session/get", "/session/end" })
            {
                using var content = new StringContent(body);
                using var answer = await worker.Client.PostAsync(worker.Url + route, content, TestContext.Current.CancellationToken);
                Assert.True((int)answer.StatusCode is >= 400 and < 500, $"{route} with {what} answered {(int)answer.StatusCode}");
            }
        }
    }

    [Fact]
    public async Task Connections_MoreIdleOnesThanAllowed_HealthAndRequestsStillWork()
    {
        var many = RecordedData.IsFull ? 5_000 : 200;
        await using var worker = await RunningWorker.StartAsync(change: o => o.MaxConnections = RecordedData.IsFull ? 4_000 : 64);
        List<TcpClient> idle = [];
        try
        {
            for (var i = 0; i < many; i++)
            {
                var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", new Uri(worker.Url).Port, TestContext.Current.CancellationToken);
                idle.Add(client);
            }

            Assert.Equal("pong", await worker.Client.GetStringAsync(worker.Url + "/ping", TestContext.Current.CancellationToken));
            Assert.Equal("pong", await worker.Client.GetStringAsync(worker.LocalUrl + "/ping", TestContext.Current.CancellationToken));
            using var answer = await worker.GenerateAsync();
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
        finally
        {
            idle.ForEach(static c => c.Dispose());
        }
    }

    [Fact]
    public async Task Session_TicketOfAnother_CountsNothing()
    {
        await using var worker = await RunningWorker.StartAsync();
        var ticket = worker.Gateway.Granted(worker.Url);
        using var created = await worker.PostAsync("/session/create", new JsonObject { ["auth_data"] = ticket.DeepClone(), ["payload"] = new JsonObject() });
        var id = (string)JsonNode.Parse(await RunningWorker.TextAsync(created))!["session_id"]!;

        using var foreign = await worker.GenerateAsync(worker.Gateway.Granted(worker.Url), session: id);

        Assert.Equal(HttpStatusCode.Unauthorized, foreign.StatusCode);
        Assert.Equal(0, worker.Get<LoadLedger>().Totals().Rejected);
    }

    private static IEnumerable<JsonObject> Forged(RunningWorker worker, JsonObject used)
    {
        yield return used;
        yield return worker.Gateway.Ticket(worker.Url);
        yield return worker.Gateway.Granted(worker.Url, workerId: 1);
        yield return worker.Gateway.Granted(worker.Url, ends: DateTimeOffset.UtcNow.AddMinutes(-1));
        foreach (var (member, value) in new (string, JsonNode)[] { ("signature", "AAAA"), ("request_idx", 1), ("cost", 1e300), ("reqnum", 77), ("url", "http://10.0.0.5:8080") })
        {
            var changed = worker.Gateway.Granted(worker.Url);
            changed[member] = value;
            yield return changed;
        }

        var nobodys = worker.Gateway.Granted(worker.Url);
        nobodys["grant"]!["signature"] = new string('A', 43);
        yield return nobodys;
    }
}
