using System.Net;
using ComfyServe.Hosting.Outbound;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Api.Tests.Requests;

/// <summary>What would fail after the work is refused before it.</summary>
public sealed class AdmissionTests
{
    private const string Store = """ "access_key_id": "k", "secret_access_key": "s", "bucket_name": "b" """;

    [Theory]
    [InlineData("""
        "webhook": {"url": "hook.example.com/x"}
        """, "webhook/url")]
    [InlineData("""
        "webhook": {"url": "ftp://example.com/x"}
        """, "webhook/url")]
    [InlineData("""
        "webhook": {"url": "http://127.0.0.1/x"}
        """, "webhook/url")]
    [InlineData("""
        "webhook": {"url": "http://[::1]/x"}
        """, "webhook/url")]
    [InlineData("""
        "webhook": {"url": "http://2130706433/x"}
        """, "webhook/url")]
    [InlineData("""
        "webhook": {"url": "https://internal.example/x"}
        """, "webhook/url")]
    [InlineData("""
        "webhook": {"url": "https://mixed.example/x"}
        """, "webhook/url")]
    [InlineData("""
        "webhook": {"url": "https://public.example/x", "timeout": 61}
        """, "webhook/timeout")]
    [InlineData($$"""
        "s3": {{{Store}}, "endpoint_url": "http://10.0.0.1:9000"}
        """, "s3/endpoint_url")]
    [InlineData($$"""
        "s3": {{{Store}}, "endpoint_url": "https://internal.example"}
        """, "s3/endpoint_url")]
    [InlineData($$"""
        "s3": {{{Store}}, "endpoint_url": "bad"}
        """, "s3/endpoint_url")]
    [InlineData("""
        "s3": {"access_key_id": "k", "secret_access_key": "s"}
        """, "s3/bucket_name")]
    public async Task Generate_TargetThatWillBeRefused_IsRefusedByField(string more, string field)
    {
        await using var host = await StartAsync();

        var (status, answer) = await host.RunAsync(Workflows.Image, $""", "request_id": "abc", {more}""");

        Assert.Equal(422, status);
        Assert.Equal($"body/input/{field}", string.Join('/', Assert.Single(answer["detail"]!.AsArray())!["loc"]!.AsArray().Select(static p => (string)p!)));
        Assert.Equal(404, (await host.GetAsync("/result/abc")).Status);
        Assert.Empty(host.Engine.Submitted);
    }

    [Theory]
    [InlineData("""
        "webhook": {"url": "https://public.example/x", "timeout": 60}
        """)]
    [InlineData("""
        "webhook": {"url": "https://gone.example/x"}
        """)] // it may be there when it is called
    [InlineData("""
        "webhook": {"url": "https://slow.example/x"}
        """)]
    [InlineData("""
        "webhook": {"url": ""}, "s3": {"access_key_id": "", "secret_access_key": "", "endpoint_url": "", "bucket_name": "", "region": ""}
        """)]
    public async Task Generate_TargetThatMayDo_IsAccepted(string more)
    {
        await using var host = await StartAsync();

        var (status, answer) = await host.SubmitAsync(Workflows.Image, $", {more}");

        Assert.True(status == 202, answer.ToJsonString());
    }

    [Fact]
    public async Task Generate_RefusedWorkflow_IsAlsoAFailedResult()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.RunAsync("""{"1": {"inputs": {}}, "2": 5, "3": 6, "4": 7, "5": 8}""", """, "request_id": "mine" """);

        Assert.Equal(422, status);
        Assert.Equal(["id", "message", "status", "comfyui_response", "output", "timings", "detail"], answer.Select(static p => p.Key));
        Assert.Equal(("mine", "failed"), ((string?)answer["id"], (string?)answer["status"]));
        Assert.StartsWith("The request is refused: body.input.workflow_json.1.class_type: Field required; ", (string?)answer["message"], StringComparison.Ordinal);
        Assert.EndsWith("; and 2 more, see 'detail'", (string?)answer["message"], StringComparison.Ordinal);
        Assert.Equal(5, answer["detail"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"input\":")]
    [InlineData("[]")]
    [InlineData("""{"input": {"request_id": "../x"}}""")]
    public async Task Generate_NoRequestAtAll_HasABlankId(string body)
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.PostAsync("/generate/sync", body);

        Assert.Equal((422, "", "failed"), (status, (string?)answer["id"], (string?)answer["status"]));
    }

    [Theory]
    [InlineData("""{"input": {"workflow_json": {"6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a\ud800"}}}}}""", "body/input/workflow_json/6/inputs/text")]
    [InlineData("""{"input": {"workflow_json": {"6": {"class_type": "CLIPTextEncode", "inputs": {"list": [1, ["\uDE00b"]]}}}}}""", "body/input/workflow_json/6/inputs/list/1/0")]
    [InlineData("""{"input": {"workflow_json": {"6": {"class_type": "CLIPTextEncode", "inputs": {"\ud83dname": 1}}}}}""", "body/input/workflow_json/6/inputs")]
    [InlineData("""{"input": {"workflow_json": {"6\ud800": {"class_type": "A", "inputs": {}}}}}""", "body/input/workflow_json")]
    [InlineData("""{"input": {"modifier": "Text2Image", "modifications": {"prompt": "\ud83d\u0041"}}}""", "body/input/modifications/prompt")]
    [InlineData("""{"input": {"request_id": "\ud800"}}""", "body/input/request_id")]
    [InlineData("""{"input": {"webhook": {"extra_params": {"a": [{}, "\ude00"]}}}}""", "body/input/webhook/extra_params/a/1")]
    public async Task AnyBody_HalfASurrogatePair_IsRefusedByItsPlace(string body, string place)
    {
        await using var host = await ApiHost.StartAsync(static o => o.ChecksWorkflows = false);

        foreach (var path in (string[])["/generate/sync", "/generate", "/generate/stream", "/templates/Text2Image", "/workflow/convert"])
        {
            var (status, answer) = await host.PostAsync(path, body);

            Assert.Equal((422, "string_unicode"), (status, (string?)answer["detail"]![0]!["type"]));
            Assert.Equal(place, string.Join('/', answer["detail"]![0]!["loc"]!.AsArray().Select(static p => p!.ToString())));
        }

        Assert.Empty(host.Engine.Submitted);
    }

    [Fact]
    public async Task Generate_BytesThatAreNotUtf8_AreRefused()
    {
        await using var host = await ApiHost.StartAsync(static o => o.ChecksWorkflows = false);
        byte[] body = [.. """{"input": {"workflow_json": {"6": {"class_type": "A", "inputs": {"text": " """u8, 0xC3, 0x28, .. "\"}}}}}"u8];
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } };

        var (status, answer) = await host.PostAsync("/generate/sync", content);

        Assert.Equal((422, "string_unicode"), (status, (string?)answer["detail"]![0]!["type"]));
    }

    [Fact]
    public async Task Generate_WholePairs_PassUnchanged()
    {
        await using var host = await ApiHost.StartAsync(static o => o.ChecksWorkflows = false);
        const string Graph = """{"6": {"class_type": "SaveImage", "inputs": {"text": "\ud83d\ude00 \uD83D\uDE00 😀 \\ud800"}}}""";

        var (status, _) = await host.RunAsync(Graph);

        Assert.Equal((200, Graph), (status, host.Engine.Submitted.Single().GraphText));
    }

    private static Task<ApiHost> StartAsync() => ApiHost.StartAsync(build: static b => b.Services.AddSingleton<GuardedHandler.Resolve>(static async (name, token) =>
    {
        switch (name)
        {
            case "internal.example":
                return [IPAddress.Parse("10.1.2.3")];
            case "mixed.example":
                return [IPAddress.Parse("8.8.8.8"), IPAddress.Loopback];
            case "public.example":
                return [IPAddress.Parse("8.8.8.8")];
            case "slow.example":
                await Task.Delay(Timeout.Infinite, token);
                return [];
            default:
                throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.HostNotFound);
        }
    }));
}
