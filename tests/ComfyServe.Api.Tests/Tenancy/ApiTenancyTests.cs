using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Api.Keys;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Api.Tests.Tenancy;

/// <summary>Every route × every kind of key × every object of another owner: nothing of it is shown, and nothing of it changes.</summary>
public sealed class ApiTenancyTests
{
    private const string Ann = "ann-key-0123456789";
    private const string Secret = "ANN-SECRET";

    /// <summary>Kinds of keys that are not Ann's, and whether they are keys here.</summary>
    private static readonly (string? Key, bool IsKnown)[] Keys =
    [
        (null, false), ("garbage", false), ("bob-key-0123456789", true), ("eye-key-0123456789", true), ("account-key", false), ("ep-0123456789abcdef0123456789abcdef", false), ("worker-token", false), ("ann", false),
    ];

    private static readonly string[] Jobs = ["ann-finished", "ann-failed", "ann-running"];

    [Fact]
    public async Task EveryRoute_WithoutTheOwnersKey_ShowsAndChangesNothingOfHers()
    {
        await using var receiver = await FileServer.StartAsync(static c => c.Response.WriteAsync("ok"));
        await using var host = await StartAsync(receiver);
        var before = await WorldAsync(host);
        var values = new Dictionary<string, string[]>
        {
            ["request_id"] = Jobs,
            ["key"] = [before.OutputKey],
            ["name"] = ["any"], // templates and documents are the service's
            ["documentName"] = ["openapi"],
        };

        foreach (var route in ServedRoute.Of(host.Services))
        {
            foreach (var path in route.Paths(values))
            {
                foreach (var (key, isKnown) in Keys)
                {
                    foreach (var body in Bodies(route.Method))
                    {
                        await TryAsync(host, route, path, key, isKnown, body);
                    }
                }
            }
        }

        Assert.Equal(before, await WorldAsync(host));
        Assert.Single(receiver.Requests);
    }

    [Fact]
    public async Task EveryRoute_WithAnotherOwnersId_AnswersAsIfThereWereNone()
    {
        await using var receiver = await FileServer.StartAsync(static c => c.Response.WriteAsync("ok"));
        await using var host = await StartAsync(receiver);
        var values = new Dictionary<string, string[]> { ["request_id"] = ["ann-finished", "ann-running", "nobodys"] };

        foreach (var route in ServedRoute.Of(host.Services).Where(r => r.Pattern.GetParameter("request_id") is not null))
        {
            var answers = new List<string>();
            foreach (var path in route.Paths(values))
            {
                using var answer = await SendAsync(host, route.Method, path, "bob-key-0123456789", null);
                var id = path.Split('/').First(p => values["request_id"].Contains(p));
                answers.Add($"{(int)answer.StatusCode} {(await ReadAsync(answer)).Replace(id, "ID", StringComparison.Ordinal)}");
            }

            Assert.True(answers.Distinct().Count() == 1, $"{route}: {string.Join(" | ", answers)}");
        }
    }

    private static async Task TryAsync(ApiHost host, ServedRoute route, string path, string? key, bool isKnown, string? body)
    {
        using var answer = await SendAsync(host, route.Method, path, key, body);
        var text = await ReadAsync(answer);

        Assert.True((int)answer.StatusCode < 500, $"{route} of {path} with {key ?? "no key"}: {(int)answer.StatusCode} {text}");
        Assert.False(text.Contains(Secret, StringComparison.Ordinal), $"{route} of {path} with {key ?? "no key"} shows what is Ann's: {text}");
        if ((int)answer.StatusCode == 202)
        {
            // One job of his at a time: the second would wait behind Ann's, which goes on.
            using var done = await SendAsync(host, "GET", $"/result/{JsonNode.Parse(text)!["id"]}?wait=60", key, null);
            Assert.DoesNotContain(Secret, await ReadAsync(done), StringComparison.Ordinal);
        }

        if (!isKnown)
        {
            Assert.True((int)answer.StatusCode is 401 or 403 or 405, $"{route} of {path} with {key ?? "no key"}: {(int)answer.StatusCode} {text}");
        }
    }

    /// <summary>Of what a route may take: a workflow under Ann's ids that names her files.</summary>
    private static IEnumerable<string?> Bodies(string method)
    {
        if (method is "GET" or "HEAD" or "OPTIONS")
        {
            return [null];
        }

        return Jobs.Select(id => $$$$$"""
            {"request_id": "{{{{{id}}}}}", "id": "{{{{{id}}}}}", "input": {"request_id": "{{{{{id}}}}}", "workflow_json":
              {"1": {"class_type": "LoadImage", "inputs": {"image": "private/{{{{{Secret}}}}}_00001_.png [output]"}}, "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "bob"} } } } }
            """.Replace($"{Secret}_", "x_", StringComparison.Ordinal)); // what Bob writes himself is told back to him
    }

    private static async Task<ApiHost> StartAsync(FileServer receiver)
    {
        var host = await ApiHost.StartAsync(
            o =>
            {
                o.ApiKeys = [ApiKey.Parse($"ann:{Ann}"), ApiKey.Parse("bob:bob-key-0123456789"), ApiKey.Parse("eye:eye-key-0123456789:read")];
                o.AllowedHosts = ["127.0.0.1"];
                o.MaxQueueSize = 10_000;
            },
            engines: 2);
        foreach (var (id, workflow, more) in ((string, string, string)[])
        [
            ("ann-finished", $$$$$"""{"1": {"class_type": "FakeText", "inputs": {"text": "{{{{{Secret}}}}}"}}, "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "private/{{{{{Secret}}}}}"}}}""", $$$$$""", "webhook": {"url": "{{{{{receiver.BaseUrl}}}}}/{{{{{Secret}}}}}"}"""),
            ("ann-failed", $$$$$"""{"1": {"class_type": "FakeFail", "inputs": {"message": "{{{{{Secret}}}}}"}}}""", ""),
        ])
        {
            using var done = await SendAsync(host, "POST", "/generate/sync", Ann, Payload(id, workflow, more));
            Assert.Contains(Secret, await ReadAsync(done), StringComparison.Ordinal); // the test would see it
        }

        await receiver.ReceivedAsync(1);
        using var running = await SendAsync(host, "POST", "/generate", Ann, Payload("ann-running", $$$$$"""{"1": {"class_type": "FakeSleep", "inputs": {"ms": 60000}, "_meta": {"title": "{{{{{Secret}}}}}"}}}""", ""));
        Assert.Equal(202, (int)running.StatusCode);
        await Task.WhenAny(host.Engines.Select(e => e.RunningAsync()));
        return host;
    }

    private static string Payload(string id, string workflow, string more) => $$$$$"""{"input": {"request_id": "{{{{{id}}}}}", "workflow_json": {{{{{workflow}}}}}{{{{{more}}}}} } }""";

    /// <summary>All that Ann has, as she sees it.</summary>
    private static async Task<World> WorldAsync(ApiHost host)
    {
        var results = new List<string>();
        var (url, key) = ("", "");
        foreach (var id in Jobs)
        {
            using var answer = await SendAsync(host, "GET", $"/result/{id}", Ann, null);
            var result = JsonNode.Parse(await ReadAsync(answer))!;
            if (id == "ann-finished")
            {
                (url, key) = ((string)result["output"]![0]!["url"]!, (string)result["output"]![0]!["key"]!);
            }

            using var webhooks = await SendAsync(host, "GET", $"/result/{id}/webhooks", Ann, null);
            results.Add(id == "ann-running" ? (string)result["status"]! : $"{(int)answer.StatusCode} {result["status"]} {result["message"]} {result["output"]} {await ReadAsync(webhooks)}");
        }

        using var file = await host.Http.GetAsync(url, TestContext.Current.CancellationToken);
        return new(string.Join('\n', results), key, Convert.ToHexString(await file.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)));
    }

    private static async Task<HttpResponseMessage> SendAsync(ApiHost host, string method, string path, string? key, string? body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.TryAddWithoutValidation("X-API-Key", key);
        request.Headers.Add("X-Include-ComfyUI-Response", "true");
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        return await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    private static Task<string> ReadAsync(HttpResponseMessage answer) => answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

    private sealed record World(string Results, string OutputKey, string Output);
}
