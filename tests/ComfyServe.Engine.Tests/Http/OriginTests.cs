using System.Net;
using ComfyServe.Engine.Http;

namespace ComfyServe.Engine.Tests.Http;

public sealed class OriginTests
{
    [Theory]
    [InlineData("127.0.0.1:8188", "http://127.0.0.1:8188", false)]
    [InlineData("127.0.0.1:8188", "http://localhost:8188", true)]
    [InlineData("127.0.0.1:8188", "http://127.0.0.1:8189", true)]
    [InlineData("127.0.0.1:8188", "http://127.0.0.1", false)]
    [InlineData("127.0.0.1", "http://127.0.0.1:8188", false)]
    [InlineData("LOCALHOST:1", "http://localhost:1/path", false)]
    [InlineData("[::1]:1", "http://[::1]:1", false)]
    [InlineData("127.0.0.1:8188", "null", true)]
    [InlineData("127.0.0.1:8188", "http://127.0.0.1:8188.evil.example", true)]
    [InlineData("127.0.0.1:8188", "http://127.0.0.1:8188@evil.example", true)]
    public void Differ_HostAndOrigin_CountsPortsThatBothName(string host, string origin, bool expected) =>
        Assert.Equal(expected, OriginCheck.Differ(host, origin, out _));

    [Theory]
    [InlineData("http://evil.com", HttpStatusCode.Forbidden)]
    [InlineData("http://localhost:{port}", HttpStatusCode.Forbidden)]
    [InlineData("http://127.0.0.1:{port}", HttpStatusCode.OK)]
    public async Task Get_FromAnOrigin_IsRefusedUnlessItIsTheEnginesOwn(string origin, HttpStatusCode expected)
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await SendAsync(engine, HttpMethod.Get, "/queue", origin.Replace("{port}", $"{engine.Url.Port}", StringComparison.Ordinal));

        Assert.Equal(expected, reply.StatusCode);
    }

    [Fact]
    public async Task Get_HostThatIsNotLoopback_IsNotChecked()
    {
        await using var engine = await TestEngine.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/queue") { Headers = { { "Origin", "http://evil.com" } } };
        request.Headers.Host = "192.0.2.7:8188";

        using var reply = await engine.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
    }

    [Fact]
    public async Task Options_OwnOrigin_IsEmptyWithoutCrossOriginHeaders()
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await SendAsync(engine, HttpMethod.Options, "/prompt", engine.Url.GetLeftPart(UriPartial.Authority));

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.False(reply.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Equal("application/octet-stream", reply.Content.Headers.ContentType!.ToString());
    }

    [Fact]
    public async Task Get_AllowedOrigin_HasTheHeadersAndNoCheck()
    {
        await using var engine = await TestEngine.StartAsync(o => o.AllowedOrigin = "*");

        using var reply = await SendAsync(engine, HttpMethod.Get, "/queue", "http://evil.com");

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Equal("*", reply.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("true", reply.Headers.GetValues("Access-Control-Allow-Credentials").Single());
    }

    private static async Task<HttpResponseMessage> SendAsync(TestEngine engine, HttpMethod method, string path, string origin)
    {
        using var request = new HttpRequestMessage(method, path) { Headers = { { "Origin", origin } } };
        return await engine.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
