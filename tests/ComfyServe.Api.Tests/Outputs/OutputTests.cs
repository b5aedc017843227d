using System.Net;
using System.Net.Http.Headers;
using ComfyServe.Testing.Engines;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Api.Tests.Outputs;

public sealed class OutputTests
{
    [Fact]
    public async Task File_Range_AnswersTheBytesAskedFor()
    {
        await using var host = await ApiHost.StartAsync();
        var url = await UrlAsync(host);

        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new RangeHeaderValue(1, 3) } };
        using var response = await host.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal("PNG", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("bytes 1-3/256", response.Content.Headers.ContentRange!.ToString());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Theory]
    [InlineData("expires", "9999999999")]
    [InlineData("signature", "00")]
    [InlineData(null, null)]
    public async Task File_TamperedUrl_IsRefused(string? part, string? value)
    {
        await using var host = await ApiHost.StartAsync();
        var url = new Uri(await UrlAsync(host));
        var query = System.Web.HttpUtility.ParseQueryString(url.Query);
        if (part is null)
        {
            query.Clear();
        }
        else
        {
            query[part] = value;
        }

        using var response = await host.Http.GetAsync($"{url.AbsolutePath}?{query}", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Theory]
    [InlineData("page.html", true)]
    [InlineData("x.svg", true)]
    [InlineData("x.pdf", true)]
    [InlineData("x.webp", false)]
    public async Task File_TypeThatABrowserRuns_IsAnAttachment(string name, bool expected)
    {
        await using var host = await ApiHost.StartAsync();
        var (_, answer) = await host.RunAsync($$$$"""{"1": {"class_type": "FakeEmit", "inputs": {"kind": "files", "filename": "{{{{name}}}}"}}}""");

        using var response = await host.Http.GetAsync((string)answer["output"]![0]!["url"]!, TestContext.Current.CancellationToken);

        Assert.Equal(expected, response.Content.Headers.ContentDisposition?.DispositionType == "attachment");
        Assert.Equal(expected, response.Content.Headers.ContentType!.MediaType == "application/octet-stream");
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Fact]
    public async Task File_ExpiredUrl_IsRefused()
    {
        await using var host = await ApiHost.StartAsync(o => o.UrlLifetime = TimeSpan.FromSeconds(-1));

        using var response = await host.Http.GetAsync(await UrlAsync(host), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Theory]
    [InlineData("/files/../ledger/ledger.key")]
    [InlineData("/files/..%2Fledger%2Fledger.key")]
    [InlineData("/files/%2e%2e/ledger/ledger.key")]
    [InlineData("/files/abc/..%5C..%5Cledger.key")]
    [InlineData("/files//etc/passwd")]
    public async Task File_PathTraversal_ReachesNothing(string path)
    {
        await using var host = await ApiHost.StartAsync();

        using var response = await host.Http.GetAsync(new Uri(host.Http.BaseAddress + path.TrimStart('/')), TestContext.Current.CancellationToken);

        Assert.Contains(response.StatusCode, (HttpStatusCode[])[HttpStatusCode.Forbidden, HttpStatusCode.NotFound]);
    }

    [Fact]
    public async Task Run_KindsOfOutputs_AreAllReportedWithNodeAndTitle()
    {
        await using var host = await ApiHost.StartAsync();
        const string Graph = """
            {"1": {"class_type": "FakeEmit", "inputs": {"kind": "gifs", "filename": "a.mp4", "subfolder": "video"}, "_meta": {"title": "Clip"}},
             "2": {"class_type": "FakeEmit", "inputs": {"kind": "audio", "filename": "b.flac"}},
             "3": {"class_type": "FakeEmit", "inputs": {"kind": "3d", "filename": "c.glb"}},
             "4": {"class_type": "FakeText", "inputs": {"text": "a caption. With words"}},
             "5": {"class_type": "FakeEmit", "inputs": {"kind": "images", "filename": "temp.png", "type": "temp"}}}
            """;

        var (_, answer) = await host.RunAsync(Graph);

        var outputs = answer["output"]!.AsArray();
        Assert.Equal(["a.mp4", "b.flac", "c.glb"], outputs.Select(o => (string?)o!["filename"]));
        Assert.Equal(["gifs", "audio", "3d"], outputs.Select(o => (string?)o!["output_type"]));
        Assert.Equal(("video", "Clip", "FakeEmit"), ((string?)outputs[0]!["subfolder"], (string?)outputs[0]!["node_title"], (string?)outputs[0]!["node_type"]));
        var text = Assert.Single(answer["texts"]!.AsArray())!;
        Assert.Equal(("a caption. With words", "4"), ((string?)text["text"], (string?)text["node_id"]));
    }

    [Fact]
    public async Task Run_SameNameInTwoFolders_AreBothKept()
    {
        await using var host = await ApiHost.StartAsync();
        const string Graph = """
            {"1": {"class_type": "FakeEmit", "inputs": {"filename": "x.png", "subfolder": "a", "size": 300}},
             "2": {"class_type": "FakeEmit", "inputs": {"filename": "x.png", "subfolder": "b", "size": 400}}}
            """;

        var (_, answer) = await host.RunAsync(Graph);

        Assert.Equal([300, 400], answer["output"]!.AsArray().Select(o => (long)o!["size"]!));
        Assert.Equal(2, answer["output"]!.AsArray().Select(o => (string?)o!["url"]).Distinct().Count());
    }

    [Fact]
    public async Task Run_FileMissingOnTheEngine_IsSaidOnThatFile()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.RunAsync("""{"1": {"class_type": "FakeEmit", "inputs": {"filename": "gone.png", "missing": true}}, "2": {"class_type": "SaveImage", "inputs": {}}}""");

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.Contains("missing", (string?)answer["output"]![0]!["error"], StringComparison.Ordinal);
        Assert.NotNull(answer["output"]![1]!["url"]);
    }

    [Fact]
    public async Task Run_FilenameOfTheEngineIsHostile_StaysInItsPlace()
    {
        await using var host = await ApiHost.StartAsync();
        host.Engine.PutFile("output", "", "../../../evil.png", FakeImage.Png("evil"));

        var (_, answer) = await host.RunAsync("""{"1": {"class_type": "FakeEmit", "inputs": {"filename": "../../../evil.png", "missing": true}}}""", """, "request_id": "abc" """);

        var path = Path.GetFullPath((string)answer["output"]![0]!["local_path"]!);
        Assert.StartsWith(Path.Combine(host.Folder, "outputs", "abc") + Path.DirectorySeparatorChar, path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_EngineBreaksOffInAFile_ReadsItAgain()
    {
        await using var host = await ApiHost.StartAsync();
        var cuts = 1;
        host.Engine.Answer = request => request.Path == "/view" && cuts-- > 0 ? new CutOff() : null;

        var (_, answer) = await host.RunAsync(Workflows.Image);

        Assert.Equal("completed", (string?)answer["status"]);
        Assert.Equal(256, (long)answer["output"]![0]!["size"]!);
    }

    private static async Task<string> UrlAsync(ApiHost host) => (string)(await host.RunAsync(Workflows.Image)).Body["output"]![0]!["url"]!;

    private sealed class CutOff : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentLength = 256;
            await httpContext.Response.Body.WriteAsync(new byte[100]);
            await httpContext.Response.Body.FlushAsync();
            httpContext.Abort();
        }
    }
}
