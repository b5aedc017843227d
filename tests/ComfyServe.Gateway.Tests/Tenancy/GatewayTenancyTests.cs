using System.Text.Json.Nodes;
using ComfyServe.Gateway.Tests.Http;
using ComfyServe.Testing.Web;

namespace ComfyServe.Gateway.Tests.Tenancy;

/// <summary>Every route of a gateway × every kind of key that is neither the account's nor the endpoint's × every object of that endpoint: nothing is shown, nothing changes.</summary>
public sealed class GatewayTenancyTests
{
    private const string Secret = "ANN-SECRET";

    [Fact]
    public async Task EveryRoute_WithoutTheEndpointsKey_ShowsAndChangesNothingOfIt()
    {
        await using var gateway = await RunningGateway.StartAsync(static o => (o.CallsPerSecond, o.RoutesPerSecond, o.RouteHold) = (100_000, 1_000_000, TimeSpan.Zero));
        var ann = await AnnAsync(gateway);
        var (_, bobKey) = await gateway.EndpointAsync("bob");
        var (bobWorker, bobToken) = await gateway.PlaceAsync("bob");
        var before = await WorldAsync(gateway);
        Assert.Contains(Secret, before, StringComparison.Ordinal); // the test would see it
        var values = new Dictionary<string, string[]>
        {
            ["name"] = ["ann", "ANN_VARIABLE"],
            ["id"] = [$"{ann.Endpoint}", $"{ann.Worker}", $"{ann.Group}", $"{ann.KeyId}", ann.Job],
        };

        foreach (var route in ServedRoute.Of(gateway.Services))
        {
            foreach (var path in route.Paths(values))
            {
                foreach (var key in (string?[])[null, "garbage", bobKey, bobToken])
                {
                    await TryAsync(gateway, route, path, key, Body(ann, key ?? "", bobWorker), ann);
                }
            }
        }

        Assert.Equal(before, await WorldAsync(gateway));
    }

    [Fact]
    public async Task EveryRoute_ThatChangesSomething_RefusesPagesOfOtherSites()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var values = new Dictionary<string, string[]> { ["name"] = ["x"], ["id"] = ["1"] };

        foreach (var route in ServedRoute.Of(gateway.Services).Where(r => r.Method is not ("GET" or "HEAD" or "OPTIONS")))
        {
            using var request = new HttpRequestMessage(new HttpMethod(route.Method), gateway.Url + route.Paths(values)[0]);
            request.Headers.Add("Authorization", "Bearer " + RunningGateway.Key);
            request.Headers.Add("Sec-Fetch-Site", "cross-site");
            using var answer = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

            Assert.True((int)answer.StatusCode == 403, $"{route}: {(int)answer.StatusCode}");
        }
    }

    private static async Task TryAsync(RunningGateway gateway, ServedRoute route, string path, string? key, JsonObject body, Objects ann)
    {
        var hasBody = route.Method is not ("GET" or "HEAD");
        foreach (var query in (string[])["", $"?api_key={Uri.EscapeDataString(key ?? "")}"])
        {
            using var answer = await gateway.SendAsync(new HttpMethod(route.Method), path + query, hasBody ? body.DeepClone() : null, query.Length == 0 ? key : null);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

            Assert.True((int)answer.StatusCode < 500, $"{route} of {path} with {key ?? "no key"}: {(int)answer.StatusCode} {text}");
            foreach (var secret in ann.Secrets)
            {
                Assert.False(text.Contains(secret, StringComparison.Ordinal), $"{route} of {path} with {key ?? "no key"} shows what is not theirs: {text}");
            }
        }
    }

    /// <summary>Of what a route may take: Ann's objects under every name that calls have for them, with the key of somebody else.</summary>
    private static JsonObject Body(Objects ann, string key, long bobWorker) => new()
    {
        ["api_key"] = key,
        ["key"] = key,
        ["mtoken"] = key,
        ["client_id"] = "me",
        ["endpoint"] = "ann",
        ["endpoint_name"] = "ann",
        ["endpoint_id"] = ann.Endpoint,
        ["id"] = ann.Endpoint,
        ["workergroup_id"] = ann.Group,
        ["autogroup_id"] = ann.Group,
        ["autoscaler_id"] = ann.Group,
        ["name"] = "ann",
        ["worker_id"] = ann.Worker,
        ["worker_ids"] = new JsonArray(ann.Worker, bobWorker),
        ["url"] = "http://127.0.0.1:9",
        ["value"] = "taken",
        ["cost"] = 1,
        ["request_idx"] = 1,
        ["request_idxs"] = new JsonArray(1),
        ["payload"] = new JsonObject { ["x"] = 1 },
        ["idempotency_key"] = "ann-key",
        ["version"] = "1",
        ["loadtime"] = 1,
        ["max_perf"] = 100,
        ["csr"] = "none",
        ["scope"] = "account",
    };

    private static async Task<Objects> AnnAsync(RunningGateway gateway)
    {
        var (endpoint, key) = await gateway.EndpointAsync("ann");
        var (worker, token) = await gateway.PlaceAsync("ann");
        var group = (long)(await gateway.CallAsync(HttpMethod.Post, "/api/v0/workergroups/", new { endpoint_name = "ann", template_hash = "none", launch_args = $"{Secret}-ARGS", search_params = "", cold_workers = 0 }))["id"]!;
        await gateway.CallAsync(HttpMethod.Put, "/api/v1/variables/ANN_VARIABLE", new { value = $"{Secret}-VALUE" });
        var job = (string)(await gateway.CallAsync(HttpMethod.Post, "/api/v1/endpoints/ann/jobs", new { payload = new { text = $"{Secret}-PAYLOAD" }, idempotency_key = "ann-key" }, key))["id"]!;
        var made = await gateway.CallAsync(HttpMethod.Post, "/api/v0/auth/apikeys/", new { name = $"{Secret}-NAME", endpoint = "ann" });
        return new(endpoint, worker, group, (long)made["id"]!, job, [Secret, key, token, (string)made["key"]!]);
    }

    /// <summary>All that there is, as the account sees it.</summary>
    private static async Task<string> WorldAsync(RunningGateway gateway)
    {
        var world = new List<string>();
        foreach (var path in (string[])["/api/v0/endptjobs/", "/api/v0/workergroups/", "/api/v0/auth/apikeys/", "/api/v1/variables/", "/api/v1/endpoints/ann/workers/", "/api/v1/endpoints/ann/jobs/"])
        {
            var seen = await gateway.CallAsync(HttpMethod.Get, path);
            foreach (var key in (path.EndsWith("/apikeys/", StringComparison.Ordinal) ? seen.AsArray() : []).Where(static k => (string?)k!["endpoint"] != "ann"))
            {
                key!.AsObject().Remove("last_used_at"); // others use theirs in the test
            }

            world.Add($"{path} {seen.ToJsonString()}");
        }

        return string.Join('\n', world);
    }

    private sealed record Objects(long Endpoint, long Worker, long Group, long KeyId, string Job, string[] Secrets);
}
