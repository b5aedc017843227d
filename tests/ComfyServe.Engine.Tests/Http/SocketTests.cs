using System.Net;
using ComfyServe.Engine.Events;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Engine.Tests.Http;

public sealed class SocketTests
{
    [Fact]
    public async Task Connect_WithId_IsGreetedWithIt()
    {
        await using var engine = await TestEngine.StartAsync();

        using var socket = await engine.ConnectAsync("me");

        Assert.Equal(
            """{"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 0}}, "sid": "me"}}""", (await socket.ReceiveAsync()).Text);
    }

    [Fact]
    public async Task Connect_WithoutId_GetsOneOf32HexDigits()
    {
        await using var engine = await TestEngine.StartAsync();

        using var socket = await TestSocket.ConnectAsync(engine.Url, "/api/ws");
        var greeting = await socket.ReceiveJsonAsync();

        Assert.Matches("^[0-9a-f]{32}$", (string?)greeting["data"]!["sid"]);
    }

    [Fact]
    public async Task FirstMessage_FeatureFlags_IsAnswered()
    {
        await using var engine = await TestEngine.StartAsync();

        using var socket = await engine.ConnectAsync("me", """{"type": "feature_flags", "data": {"supports_preview_metadata": true}}""");
        _ = await socket.ReceiveAsync();

        Assert.Equal(
            """{"type": "feature_flags", "data": {"supports_preview_metadata": true, "max_upload_size": 104857600}}""", (await socket.ReceiveAsync()).Text);
        Assert.True(engine.Services.GetRequiredService<SocketHub>().Find("me")!.KnowsPreviewMetadata);
    }

    [Theory]
    [InlineData("no json")]
    [InlineData("[1]")]
    [InlineData("""{"type": 5}""")]
    public async Task FirstMessage_Rubbish_IsIgnoredAndLaterFlagsToo(string message)
    {
        await using var engine = await TestEngine.StartAsync();
        using var socket = await engine.ConnectAsync("me", message);
        _ = await socket.ReceiveAsync();

        await socket.SendAsync("""{"type": "feature_flags", "data": {}}""");
        using var cleared = await engine.PostAsync("/queue", """{"clear": true}""");

        Assert.Equal("status", (string?)(await socket.ReceiveJsonAsync())["type"]);
    }

    [Fact]
    public async Task Connect_SameIdAgain_TakesOverAndSurvivesTheOldOnesEnd()
    {
        await using var engine = await TestEngine.StartAsync();
        var old = await engine.ConnectAsync("me");
        _ = await old.ReceiveAsync();
        using var socket = await engine.ConnectAsync("me");
        _ = await socket.ReceiveAsync();

        old.Dispose();
        using var cleared = await engine.PostAsync("/queue", """{"clear": true}""");

        Assert.Equal(
            """{"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 0}}}}""", (await socket.ReceiveAsync()).Text);
    }

    [Fact]
    public async Task Get_WithoutUpgrade_Is400()
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await engine.GetAsync("/ws");

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
    }
}
