using System.Net;

namespace ComfyServe.Engine.Tests.Http;

public sealed class OriginTests
{
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

    [Theory]
    [InlineData("192.0.2.7:8188", HttpStatusCode.Forbidden)]
    [InlineData("rebound.example", HttpStatusCode.Forbidden)]
    [InlineData("localhost:8188", HttpStatusCode.OK)]
    [InlineData("gpu.example.org", HttpStatusCode.OK)]
    public async Task Get_HostThatIsNotOurs_IsRefusedAndNamesTheSetting(string host, HttpStatusCode expected)
    {
        await using var engine = await TestEngine.StartAsync(o => o.ServedHosts = ["gpu.example.org"]);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/queue");
        request.Headers.Host = host;

        using var reply = await engine.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(expected, reply.StatusCode);
        Assert.Equal(expected == HttpStatusCode.Forbidden, (await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Contains("SERVED_HOSTS", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("GET", "/view?filename=x.png")]
    [InlineData("POST", "/prompt")]
    [InlineData("POST", "/api/interrupt")]
    public async Task Send_CrossSite_IsRefused(string method, string path)
    {
        await using var engine = await TestEngine.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Headers = { { "Sec-Fetch-Site", "cross-site" } } };

        using var reply = await engine.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, reply.StatusCode);
    }

    [Fact]
    public async Task Socket_OfAnotherOrigin_IsRefused()
    {
        await using var engine = await TestEngine.StartAsync();
        using var socket = new System.Net.WebSockets.ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", "http://evil.example");

        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(
            () => socket.ConnectAsync(new UriBuilder(engine.Url) { Scheme = "ws", Path = "/ws" }.Uri, TestContext.Current.CancellationToken));
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
