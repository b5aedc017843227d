using System.Net;
using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Tests.Http;

public sealed class UserDataTests
{
    [Fact]
    public async Task File_WrittenReadMovedDeleted_AnswersAsComfyUI()
    {
        await using var engine = await TestEngine.StartAsync();

        using var written = await engine.PostAsync("/userdata/workflows%2Fa.json", """{"x": 1}""");
        using var again = await engine.PostAsync("/userdata/workflows%2Fa.json?overwrite=false", "{}");
        using var read = await engine.GetAsync("/api/userdata/workflows%2Fa.json");
        using var moved = await engine.PostAsync("/userdata/workflows%2Fa.json/move/workflows%2Fb.json", "");
        using var list = await engine.GetAsync("/userdata?dir=workflows&split=true");
        using var deleted = await engine.Client.DeleteAsync("/userdata/workflows%2Fb.json", TestContext.Current.CancellationToken);
        using var gone = await engine.GetAsync("/userdata/workflows%2Fb.json");

        Assert.Equal("\"workflows/a.json\"", await TextAsync(written));
        Assert.Equal((HttpStatusCode.Conflict, "File already exists"), (again.StatusCode, await TextAsync(again)));
        Assert.Equal("""{"x": 1}""", await TextAsync(read));
        Assert.Equal("\"workflows/b.json\"", await TextAsync(moved));
        Assert.Equal("""[["b.json", "b.json"]]""", await TextAsync(list));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Theory]
    [InlineData("/userdata/..%2F..%2Fx")]
    [InlineData("/userdata/%2Fetc%2Fpasswd")]
    [InlineData("/userdata/..%252F..%252Fx")]
    [InlineData("/userdata/a%00b")]
    public async Task File_NameThatLeavesTheFolder_Is403(string path)
    {
        await using var engine = await TestEngine.StartAsync(prepare: f => File.WriteAllText(Path.Combine(f.Root, "x"), "secret"));

        using var read = await engine.GetAsync(path);
        using var written = await engine.PostAsync(path, "new");

        Assert.Equal(path.Contains("%00", StringComparison.Ordinal) ? HttpStatusCode.BadRequest : HttpStatusCode.Forbidden, read.StatusCode);
        Assert.False(written.IsSuccessStatusCode);
        Assert.Equal("secret", await File.ReadAllTextAsync(Path.Combine(engine.Folders.Root, "x"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("/userdata", HttpStatusCode.BadRequest, "Directory not provided")]
    [InlineData("/userdata?dir=..", HttpStatusCode.Forbidden, "Invalid directory")]
    [InlineData("/userdata?dir=gone", HttpStatusCode.NotFound, "Directory not found")]
    public async Task List_WrongFolder_SaysWhy(string path, HttpStatusCode status, string text)
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await engine.GetAsync(path);

        Assert.Equal((status, text), (reply.StatusCode, await TextAsync(reply)));
    }

    [Theory]
    [InlineData("page.html", "application/octet-stream", true)]
    [InlineData("x.svg", "application/octet-stream", true)]
    [InlineData("a.json", "application/json", false)]
    public async Task Read_File_IsNeverOfATypeThatABrowserRuns(string name, string expected, bool isAttachment)
    {
        await using var engine = await TestEngine.StartAsync();
        using var written = await engine.PostAsync($"/userdata/{name}", "{}");

        using var reply = await engine.GetAsync($"/userdata/{name}");

        Assert.Equal(expected, reply.Content.Headers.ContentType!.MediaType);
        Assert.Equal(isAttachment, reply.Content.Headers.ContentDisposition?.DispositionType == "attachment");
        Assert.Equal("nosniff", reply.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Fact]
    public async Task List_FullInfo_HasSizesAndTimes()
    {
        await using var engine = await TestEngine.StartAsync();
        using var written = await engine.PostAsync("/userdata/workflows%2Fdeep%2Fa.json?full_info=true", "1234");

        var list = await engine.GetJsonAsync("/userdata?dir=workflows&recurse=true&full_info=true");
        var tree = await engine.GetJsonAsync("/v2/userdata?path=workflows");

        Assert.Equal(("deep/a.json", 4), ((string?)list![0]!["path"], (int?)list[0]!["size"]));
        Assert.True((double?)list[0]!["modified"] > 1.7e9);
        Assert.Equal(["directory workflows/deep", "file workflows/deep/a.json"], tree!.AsArray().Select(e => $"{e!["type"]} {e["path"]}"));
    }

    [Fact]
    public async Task Settings_SetOneAndMany_AreMergedAndKept()
    {
        await using var engine = await TestEngine.StartAsync();

        using var one = await engine.PostAsync("/settings/Comfy.A", "1");
        using var many = await engine.PostAsync("/settings", """{"Comfy.B": {"x": [1, 2]}, "Comfy.C": "v"}""");
        using var all = await engine.GetAsync("/settings");
        using var single = await engine.GetAsync("/settings/Comfy.C");
        using var unset = await engine.GetAsync("/settings/foo");
        var file = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(engine.Folders.User, "default", "comfy.settings.json"), TestContext.Current.CancellationToken));

        Assert.Equal(0, one.Content.Headers.ContentLength);
        Assert.Equal("""{"Comfy.A": 1, "Comfy.B": {"x": [1, 2]}, "Comfy.C": "v"}""", await TextAsync(all));
        Assert.Equal("\"v\"", await TextAsync(single));
        Assert.Equal("null", await TextAsync(unset));
        Assert.Equal(1, (int?)file!["Comfy.A"]);
    }

    [Fact]
    public async Task Settings_BrokenFile_IsNotOverwritten()
    {
        await using var engine = await TestEngine.StartAsync(prepare: f => File.WriteAllText(
            Path.Combine(Directory.CreateDirectory(Path.Combine(f.User, "default")).FullName, "comfy.settings.json"), "broken"));

        using var reply = await engine.PostAsync("/settings/a", "1");

        Assert.Equal(HttpStatusCode.InternalServerError, reply.StatusCode);
        Assert.Equal("broken", await File.ReadAllTextAsync(Path.Combine(engine.Folders.User, "default", "comfy.settings.json"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Logs_Watched_ArriveAsMessages()
    {
        await using var engine = await TestEngine.StartAsync();
        using var socket = await engine.ConnectAsync("me");
        _ = await socket.ReceiveAsync();
        using var watching = await engine.Client.PatchAsync("/internal/logs/subscribe", new StringContent("""{"clientId": "me", "enabled": true}"""), TestContext.Current.CancellationToken);

        // The engine writes down that it freed its memory.
        using var freed = await engine.PostAsync("/free", """{"free_memory": true}""");
        var message = await socket.ReceiveJsonAsync();
        var raw = await engine.GetJsonAsync("/internal/logs/raw");

        Assert.Equal("logs", (string?)message["type"]);
        Assert.Contains("freed", (string?)message["data"]!["entries"]![0]!["m"], StringComparison.Ordinal);
        Assert.Equal(80, (int?)raw!["size"]!["cols"]);
    }

    private static Task<string> TextAsync(HttpResponseMessage reply) => reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
}
