using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Api.Inputs;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Testing.Engines;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Api.Tests.Inputs;

public sealed class InputTests
{
    private static readonly byte[] Png = FakeImage.Png("input", 300);

    [Fact]
    public async Task Run_UrlInAnImageInput_IsFetchedAndNamedAsTheOriginalDoes()
    {
        await using var server = await FileServer.StartAsync(FileServer.Bytes(Png, "text/plain"));
        await using var host = await StartAsync();

        var (status, answer) = await host.RunAsync(Load("http://example.com:{0}/input.png", server));

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        var name = Named(host);
        Assert.EndsWith(".png", name, StringComparison.Ordinal);
        Assert.Equal(32 + 4, name.Length);
        Assert.Equal(Png, host.Engine.File("input", "", name));
        Assert.Equal("/input.png", Assert.Single(server.Requests).Path);
    }

    [Fact]
    public void Key_OfAUrl_IsTheOriginals() => Assert.Equal("7e511200c703397d2f7172d7958ee401", InputCache.KeyOf("https://example.com/input.png"u8));

    [Fact]
    public async Task Run_UrlTwiceInAGraph_IsFetchedOnce()
    {
        await using var server = await FileServer.StartAsync(FileServer.Bytes(Png));
        await using var host = await StartAsync();
        var url = $"{server.BaseUrl}/ok.jpg?sig=abc";

        var (status, _) = await host.RunAsync($$$$"""{"1": {"class_type": "LoadImage", "inputs": {"image": "{{{{url}}}}"}}, "2": {"class_type": "LoadImageMask", "inputs": {"image": "{{{{url}}}}", "channel": "alpha"}}}""");

        Assert.Equal(200, status);
        Assert.Single(server.Requests);
        var graph = host.Engine.Submitted.Single().Graph;
        Assert.Equal((string?)graph["1"]!["inputs"]!["image"], (string?)graph["2"]!["inputs"]!["image"]);
        Assert.EndsWith(".png", (string?)graph["1"]!["inputs"]!["image"], StringComparison.Ordinal); // by content, not by name
    }

    [Fact]
    public async Task Run_ManyRequestsForOneSlowUrl_ShareOneFetchAndAllGetTheWholeFile()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await FileServer.StartAsync(async context =>
        {
            await context.Response.Body.WriteAsync(Png.AsMemory(0, 100));
            await context.Response.Body.FlushAsync();
            await release.Task;
            await context.Response.Body.WriteAsync(Png.AsMemory(100));
        });
        await using var host = await StartAsync();

        var runs = Enumerable.Range(0, 8).Select(_ => host.RunAsync(Load("{1}/slow.png", server))).ToList();
        while (host.Services.GetRequiredService<InputCache>().Joined < runs.Count)
        {
            await Task.Yield();
        }

        release.SetResult();
        await Task.WhenAll(runs);

        Assert.Single(server.Requests);
        Assert.All(host.Engine.Submitted, p => Assert.Equal(Png, host.Engine.File("input", "", (string)p.Graph["1"]!["inputs"]!["image"]!)));
        Assert.Equal(8, host.Engine.Submitted.Count);
    }

    [Fact]
    public async Task Run_SecondTime_IsRevalidatedAndNotFetchedAgain()
    {
        await using var server = await FileServer.StartAsync(context =>
        {
            context.Response.Headers.ETag = "\"v1\"";
            if (context.Request.Headers.IfNoneMatch == "\"v1\"")
            {
                context.Response.StatusCode = 304;
                return Task.CompletedTask;
            }

            return FileServer.Bytes(Png)(context);
        });
        await using var host = await StartAsync();

        await host.RunAsync(Load("{1}/a.png", server));
        var (status, _) = await host.RunAsync(Load("{1}/a.png", server));

        Assert.Equal(200, status);
        Assert.Equal([null, "\"v1\""], server.Requests.Select(r => r.Headers.GetValueOrDefault("If-None-Match")));
    }

    [Fact]
    public async Task Run_ChangedFile_IsNotMixedUpWithTheOldOne()
    {
        var bytes = Png;
        await using var server = await FileServer.StartAsync(context => FileServer.Bytes(bytes)(context));
        await using var host = await StartAsync();
        await host.RunAsync(Load("{1}/a.png", server));
        bytes = FakeImage.Png("changed", 400);

        await host.RunAsync(Load("{1}/a.png", server));

        Assert.Equal(bytes, host.Engine.File("input", "", (string)host.Engine.Submitted.Last().Graph["1"]!["inputs"]!["image"]!));
    }

    [Fact]
    public async Task Run_PromptThatBeginsWithAUrl_IsLeftAlone()
    {
        await using var host = await StartAsync();
        const string Graph = """{"6": {"class_type": "CLIPTextEncode", "inputs": {"text": "https://127.0.0.1:1/ is a nice site"}, "_meta": {"title": "https://127.0.0.1:1/x"}}, "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "https://127.0.0.1:1/y"}}}""";

        var (status, _) = await host.RunAsync(Graph);

        Assert.Equal(200, status);
        Assert.Equal(Graph, host.Engine.Submitted.Single().GraphText);
    }

    [Fact]
    public async Task Run_CatalogueKnowsTheNode_ItDecidesWhatIsAFile()
    {
        await using var server = await FileServer.StartAsync(FileServer.Bytes(Png));
        await using var host = await StartAsync();
        host.Engine.Catalogue = JsonNode.Parse("""
            {"MyThing": {"input": {"required": {"picture": [["a.png"], {"image_upload": true}], "image": ["STRING", {}]}}, "output": []},
             "LoadOut": {"input": {"required": {"image": ["COMBO", {"image_upload": true, "image_folder": "output"}]}}, "output": []}}
            """)!.AsObject();
        var url = $"{server.BaseUrl}/x.png";

        await host.RunAsync($$$$"""{"1": {"class_type": "MyThing", "inputs": {"picture": "{{{{url}}}}", "image": "{{{{url}}}}"}}, "2": {"inputs": {"image": "{{{{url}}}}"}, "class_type": "LoadOut"}}""");

        var graph = host.Engine.Submitted.Single().Graph;
        Assert.NotEqual(url, (string?)graph["1"]!["inputs"]!["picture"]);
        Assert.Equal(url, (string?)graph["1"]!["inputs"]!["image"]);
        Assert.EndsWith(".png [input]", (string?)graph["2"]!["inputs"]!["image"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data:image/png;base64,")]
    [InlineData("")]
    public async Task Run_FileInTheRequest_IsDecoded(string prefix)
    {
        await using var host = await StartAsync();

        var (status, _) = await host.RunAsync($$$$"""{"1": {"class_type": "LoadImage", "inputs": {"image": "{{{{prefix}}}}{{{{Convert.ToBase64String(Png)}}}}"}}}""");

        Assert.Equal(200, status);
        Assert.Equal(Png, host.Engine.File("input", "", Named(host)));
    }

    [Theory]
    [InlineData("s3://bucket/key.png", 422, "only http and https", "input_refused")]
    [InlineData("ftp://host/key.png", 422, "only http and https", "input_refused")]
    [InlineData("http://127.0.0.1:1/x.png", 502, "Cannot connect to host", "input_unreachable")]
    [InlineData("http://no-such-host.example/x.png", 422, "no host of this name", "input_refused")]
    [InlineData("http://169.254.169.254/latest", 422, "not on the public internet", "input_refused")]
    [InlineData("data:image/png;base64,!!!", 422, "base64 is not valid", "input_refused")]
    [InlineData("data:image/png;base64,", 422, "is empty", "input_refused")]
    public async Task Run_BadInput_FailsWithItsReason(string value, int expected, string message, string code)
    {
        await using var host = await StartAsync();

        var (status, answer) = await host.RunAsync($$$$"""{"1": {"class_type": "LoadImage", "inputs": {"image": "{{{{value}}}}"}}}""");

        Assert.Equal(expected, status);
        Assert.StartsWith("Preprocessing failed: ", (string?)answer["message"], StringComparison.Ordinal);
        Assert.Contains(message, (string?)answer["message"], StringComparison.Ordinal);
        Assert.Equal((code, "1", "LoadImage"), ((string?)answer["error"]!["code"], (string?)answer["error"]!["node_id"], (string?)answer["error"]!["node_type"]));
        Assert.Equal(expected != 422, (bool)answer["error"]!["retryable"]!);
        if (expected == 422)
        {
            var problem = Assert.Single(answer["detail"]!.AsArray())!;
            Assert.Equal("body/input/workflow_json/1/inputs/image", string.Join('/', problem["loc"]!.AsArray().Select(static p => (string)p!)));
            Assert.Contains(message, (string?)problem["msg"], StringComparison.Ordinal);
        }

        Assert.Empty(host.Engine.Submitted);
    }

    [Theory]
    [InlineData(404, 422, 1)]
    [InlineData(403, 422, 1)]
    [InlineData(410, 422, 1)]
    [InlineData(408, 502, 2)]
    [InlineData(429, 502, 2)]
    [InlineData(500, 502, 2)]
    public async Task Run_ServerRefuses_SaysSoWithoutTheToken(int answered, int expected, int asked)
    {
        await using var server = await FileServer.StartAsync(context =>
        {
            context.Response.StatusCode = answered;
            context.Response.Headers.RetryAfter = "0";
            return Task.CompletedTask;
        });
        await using var host = await StartAsync();

        var (status, answer) = await host.RunAsync(Load("{1}/x.png?token=hunter2", server));

        Assert.Equal(expected, status);
        Assert.StartsWith($"Preprocessing failed: {answered}, message='Unable to download {server.BaseUrl}/x.png?…'", (string?)answer["message"], StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", answer.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal((asked, asked > 1), (server.Requests.Count, (bool)answer["error"]!["retryable"]!));
    }

    [Theory]
    [InlineData(429, "0")]
    [InlineData(503, "1")]
    [InlineData(502, "Fri, 31 Dec 1999 23:59:59 GMT")]
    public async Task Run_ServerInTroubleOnce_IsAskedAgainWhenItSaid(int trouble, string after)
    {
        await using var server = await FileServer.StartAsync(null!);
        server.Answer = context =>
        {
            if (server.Requests.Count > 1)
            {
                return FileServer.Bytes(Png)(context);
            }

            (context.Response.StatusCode, context.Response.Headers.RetryAfter) = (trouble, after);
            return Task.CompletedTask;
        };
        await using var host = await StartAsync();

        var (status, _) = await host.RunAsync(Load("{1}/x.png", server));

        Assert.Equal((200, 2), (status, server.Requests.Count));
        Assert.Equal(Png, host.Engine.File("input", "", Named(host)));
    }

    [Fact]
    public async Task Run_ServerWantsToBeLeftAloneForLong_IsNotWaitedFor()
    {
        await using var server = await FileServer.StartAsync(static context =>
        {
            (context.Response.StatusCode, context.Response.Headers.RetryAfter) = (429, "3600");
            return Task.CompletedTask;
        });
        await using var host = await StartAsync();

        var (status, answer) = await host.RunAsync(Load("{1}/x.png", server));

        Assert.Equal((502, true, 1), (status, (bool)answer["error"]!["retryable"]!, server.Requests.Count));
        Assert.Contains("after 3600 s", (string?)answer["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_SeveralBadInputs_AreAllNamed()
    {
        await using var host = await StartAsync();

        var (_, answer) = await host.RunAsync("""{"1": {"class_type": "LoadImage", "inputs": {"image": "s3://a/b"}}, "2": {"class_type": "LoadImage", "inputs": {"image": "gs://a/b"}}}""");

        Assert.Contains("node '1' (LoadImage), input 'image'", (string?)answer["message"], StringComparison.Ordinal);
        Assert.Contains("node '2' (LoadImage), input 'image'", (string?)answer["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_RedirectToAnInternalAddress_IsRefused()
    {
        await using var server = await FileServer.StartAsync(context =>
        {
            context.Response.Redirect("http://169.254.169.254/latest/meta-data/");
            return Task.CompletedTask;
        });
        await using var host = await StartAsync();

        var (status, answer) = await host.RunAsync(Load("{1}/x.png", server));

        Assert.Equal(422, status);
        Assert.Contains("not on the public internet", (string?)answer["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_EndlessRedirects_AreGivenUp()
    {
        await using var server = await FileServer.StartAsync(context =>
        {
            context.Response.Redirect("/again");
            return Task.CompletedTask;
        });
        await using var host = await StartAsync(o => o.Inputs.MaxRedirects = 2);

        var (_, answer) = await host.RunAsync(Load("{1}/x.png", server));

        Assert.Contains("redirects more than 2 times", (string?)answer["message"], StringComparison.Ordinal);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task Run_TooLargeOrBombOrPage_IsRefused()
    {
        var bomb = new byte[64];
        FakeImage.Png("", 64).CopyTo(bomb, 0);
        bomb[16] = 0x00;
        bomb[17] = 0x01; // 65,536 wide
        bomb[21] = 0x01; // 65,536 high
        await using var server = await FileServer.StartAsync(context => context.Request.Path.Value switch
        {
            "/bomb" => FileServer.Bytes(bomb)(context),
            "/page" => FileServer.Bytes(Encoding.UTF8.GetBytes("<!DOCTYPE html><html>"))(context),
            "/chunked" => context.Response.Body.WriteAsync(new byte[2000]).AsTask(),
            _ => FileServer.Bytes(new byte[2000])(context),
        });
        await using var host = await StartAsync(o => o.Inputs.MaxBytes = 1000);

        Assert.Contains("pixels", await MessageAsync("/bomb"), StringComparison.Ordinal);
        Assert.Contains("web page", await MessageAsync("/page"), StringComparison.Ordinal);
        Assert.Contains("larger than 1000 bytes", await MessageAsync("/large"), StringComparison.Ordinal);
        Assert.Contains("larger than 1000 bytes", await MessageAsync("/chunked"), StringComparison.Ordinal);

        async Task<string> MessageAsync(string path) => (string)(await host.RunAsync(Load("{1}" + path, server))).Body["message"]!;
    }

    [Fact]
    public async Task Run_PrivateHostWithoutPermission_IsBlockedWhateverItServes()
    {
        await using var server = await FileServer.StartAsync(FileServer.Bytes("{}"u8.ToArray(), "application/json"));
        await using var host = await StartAsync(o => o.AllowedHosts = []);

        var (_, answer) = await host.RunAsync(Load("{1}/x.json", server));

        Assert.Contains("not on the public internet", (string?)answer["message"], StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Cancel_DuringTheFetch_EndsAsCancelledAndNothingRuns()
    {
        await using var server = await FileServer.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var host = await StartAsync();
        await host.SubmitAsync(Load("{1}/x.png", server), """, "request_id": "abc" """);

        await host.PostAsync("/cancel/abc", "{}");

        var (status, answer) = await host.GetAsync("/result/abc?wait=30");
        Assert.Equal((499, "cancelled"), (status, (string?)answer["status"]));
        Assert.Empty(host.Engine.Submitted);
    }

    [Fact]
    public async Task Run_EngineLostTheFile_IsHandedOverAgain()
    {
        await using var server = await FileServer.StartAsync(FileServer.Bytes(Png));
        await using var host = await StartAsync();
        await host.RunAsync(Load("{1}/x.png", server));
        host.Engine.Requests = new();
        var refusals = 1;
        host.Engine.Answer = request => request.Path == "/prompt" && refusals-- > 0
            ? Results.Content("""{"error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation", "details": "", "extra_info": {}}, "node_errors": {}}""", "application/json", statusCode: 400)
            : null;

        var (status, _) = await host.RunAsync(Load("{1}/x.png", server));

        Assert.Equal(200, status);
        Assert.Single(host.Engine.Requests, r => r.StartsWith("POST /upload/image", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cache_BeyondItsSize_DropsTheLeastRecentlyUsed()
    {
        await using var server = await FileServer.StartAsync(context =>
        {
            context.Response.Headers.CacheControl = "max-age=3600";
            return FileServer.Bytes(Png)(context);
        });
        await using var host = await StartAsync(o => o.Inputs.CacheBytes = 2 * Png.Length);
        foreach (var path in (string[])["/a", "/b", "/a", "/c", "/a", "/b"])
        {
            await host.RunAsync(Load("{1}" + path, server));
        }

        Assert.Equal(["/a", "/b", "/c", "/b"], server.Requests.Select(r => r.Path));
    }

    private static Task<ApiHost> StartAsync(Action<ApiOptions>? configure = null) => ApiHost.StartAsync(
        o =>
        {
            o.AllowedHosts = ["127.0.0.1"];
            o.ChecksWorkflows = false; // the graphs are no whole workflows
            configure?.Invoke(o);
        },
        build: b => b.Services.AddSingleton<GuardedHandler.Resolve>((name, token) => name switch
        {
            "example.com" => Task.FromResult<IPAddress[]>([IPAddress.Loopback]),
            _ => throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.HostNotFound),
        }));

    private static string Load(string url, FileServer server) =>
        $$$$"""{"1": {"class_type": "LoadImage", "inputs": {"image": "{{{{string.Format(url, new Uri(server.BaseUrl).Port, server.BaseUrl)}}}}"}}}""";

    private static string Named(ApiHost host) => (string)host.Engine.Submitted.Single().Graph["1"]!["inputs"]!["image"]!;
}
