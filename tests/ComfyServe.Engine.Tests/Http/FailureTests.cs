using System.Net;
using System.Net.Http.Headers;
using System.Text;
using ComfyServe.Engine.Http;

namespace ComfyServe.Engine.Tests.Http;

public sealed class FailureTests
{
    [Theory]
    [InlineData("/nosuchpath")]
    [InlineData("/api/nosuchpath")]
    [InlineData("/queue/")]
    [InlineData("/api/internal/folder_paths")]
    public async Task Get_UnknownPath_Is404WithAText(string path)
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await engine.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
        Assert.Equal("404: Not Found", await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Put_Queue_Is405WithTheMethods()
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await engine.Client.PutAsync("/queue", new StringContent("{}"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, reply.StatusCode);
        Assert.Equal(["GET", "HEAD", "POST"], reply.Content.Headers.Allow);
        Assert.Equal("405: Method Not Allowed", await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("/prompt", "{bad json")]
    [InlineData("/prompt", "")]
    [InlineData("/prompt", "null")]
    [InlineData("/prompt", """{"prompt": 5}""")]
    [InlineData("/prompt", """{"prompt": {}, "number": "x"}""")]
    [InlineData("/prompt", "{\"prompt\": \"\\ud800\"}")]
    [InlineData("/queue", "{")]
    [InlineData("/history", "[")]
    [InlineData("/free", "")]
    public async Task Post_MalformedBody_Is500(string path, string body)
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await engine.PostAsync(path, body);

        Assert.Equal(HttpStatusCode.InternalServerError, reply.StatusCode);
        Assert.Equal("500 Internal Server Error\n\nServer got itself in trouble", await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{bad")]
    [InlineData("[1]")]
    [InlineData("""{"prompt_id": "no such"}""")]
    public async Task Post_Interrupt_IsAlwaysWell(string body)
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await engine.PostAsync("/interrupt", body);

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Equal("application/octet-stream", reply.Content.Headers.ContentType!.ToString());
        Assert.Equal(0, reply.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task Post_DeeplyNested_Is500AndTheEngineLives()
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await engine.PostAsync("/prompt", new string('[', 100_000));
        using var after = await engine.GetAsync("/prompt");

        Assert.Equal(HttpStatusCode.InternalServerError, reply.StatusCode);
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
    }

    [Fact]
    public async Task Post_LongerThanAllowed_Is413()
    {
        await using var engine = await TestEngine.StartAsync(o => o.MaxUploadBytes = 1 << 20);

        using var reply = await engine.PostAsync("/prompt", new string(' ', (1 << 20) + 1));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, reply.StatusCode);
    }

    [Fact]
    public async Task Post_LongerThanAllowedWithoutLength_Is413()
    {
        await using var engine = await TestEngine.StartAsync(o => o.MaxUploadBytes = 1 << 20);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/prompt") { Content = new StringContent(new string(' ', (1 << 20) + 1)) };
        request.Headers.TransferEncodingChunked = true;

        using var reply = await engine.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, reply.StatusCode);
    }

    [Fact]
    public async Task Post_SixtyMegabytesOfRubbish_Is500AndTheEngineLives()
    {
        await using var engine = await TestEngine.StartAsync();
        using var content = new ByteArrayContent(new byte[60 << 20]) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

        using var reply = await engine.Client.PostAsync("/prompt", content, TestContext.Current.CancellationToken);
        using var after = await engine.GetAsync("/queue");

        Assert.Equal(HttpStatusCode.InternalServerError, reply.StatusCode);
        Assert.Equal("""{"queue_running": [], "queue_pending": []}""", await after.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void TryParse_KeyTwice_TakesTheLast()
    {
        Assert.True(JsonBody.TryParse(Encoding.UTF8.GetBytes("""{"a": 1, "b": 2, "a": 3}"""), out var value));

        Assert.Equal("""{"a":3,"b":2}""", value!.ToJsonString());
    }

    [Theory]
    [InlineData("/x/a.js", 200, "no-cache")]
    [InlineData("/x/index.de.json", 200, "no-cache")]
    [InlineData("/x/other.json", 200, null)]
    [InlineData("/x/a.PNG", 200, "public, max-age=86400")]
    [InlineData("/x/a.webp", 404, "public, max-age=3600")]
    [InlineData("/x/a.webp", 302, "no-cache")]
    [InlineData("/x/a.webp", 304, null)]
    [InlineData("/view", 200, null)]
    public void CacheRule_PathAndStatus_IsComfyUIs(string path, int status, string? expected) => Assert.Equal(expected, CacheRules.For(path, status));
}
