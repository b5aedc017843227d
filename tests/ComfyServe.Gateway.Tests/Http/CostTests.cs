using System.Net;
using System.Text.Json.Nodes;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>The bound on what a request may cost, by every way in.</summary>
public sealed class CostTests(SharedGateway shared) : IClassFixture<SharedGateway>
{
    private readonly RunningGateway _gateway = shared.Gateway;
    private readonly string _name = "cost" + Guid.NewGuid().ToString("N")[..8];

    [Fact]
    public async Task EveryWayIn_CostAboveTheBound_IsRefusedAndNamed()
    {
        var (id, key) = await _gateway.EndpointAsync(_name);

        foreach (var cost in new[] { 10_001, 1e12, -1.0 })
        {
            Assert.Contains("'cost' ", await RefusedAsync("/route/", new { endpoint = _name, cost }, key, HttpStatusCode.BadRequest), StringComparison.Ordinal);
            Assert.Contains("'cost' ", await RefusedAsync($"/api/v1/endpoints/{_name}/generate/sync?cost={cost:R}", new { }, key, HttpStatusCode.BadRequest), StringComparison.Ordinal);
            Assert.Contains("'cost' ", await RefusedAsync($"/api/v1/endpoints/{_name}/jobs", new { payload = new { }, cost }, key, HttpStatusCode.UnprocessableEntity), StringComparison.Ordinal);
        }

        foreach (var cost in new[] { "NaN", "Infinity", "-Infinity", "1e999" })
        {
            using var answer = await _gateway.SendAsync(HttpMethod.Post, $"/api/v1/endpoints/{_name}/generate/sync?cost={cost}", new { }, key);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        }

        await _gateway.CallAsync(HttpMethod.Put, $"/api/v0/endptjobs/{id}/", new { max_cost = 500 });
        Assert.Contains("at most 500 load units (its 'max_cost')", await RefusedAsync("/route/", new { endpoint = _name, cost = 501 }, key, HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.NotNull((await _gateway.CallAsync(HttpMethod.Post, "/route/", new { endpoint = _name, cost = 500 }, key))["request_idx"]);
        Assert.Equal(500, (double)(await _gateway.CallAsync(HttpMethod.Get, $"/api/v0/endptjobs/{id}/"))["result"]!["max_cost"]!);

        await _gateway.CallAsync(HttpMethod.Put, $"/api/v0/endptjobs/{id}/", new { max_cost = 0 });
        Assert.NotNull((await _gateway.CallAsync(HttpMethod.Post, "/route/", new { endpoint = _name, cost = 9_000 }, key))["request_idx"]);
    }

    private async Task<string> RefusedAsync(string path, object body, string key, HttpStatusCode expected)
    {
        using var answer = await _gateway.SendAsync(HttpMethod.Post, path, body, key);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(expected == answer.StatusCode, $"{path} answered {(int)answer.StatusCode}: {text}");
        return (string)JsonNode.Parse(text)!["msg"]!;
    }
}
