using System.Net;
using System.Net.Http.Json;
using ComfyServe.Contracts.Engine;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Images;
using ComfyServe.Workflows.Pictures;

namespace ComfyServe.Engine.Tests.Http;

public sealed class UploadTests
{
    private static readonly byte[] First = [1, 2, 3];
    private static readonly byte[] Second = [1, 2, 4];

    [Fact]
    public async Task Upload_SameNameAgain_IsRenamedOnlyForOtherContent()
    {
        await using var engine = await TestEngine.StartAsync();

        var names = new[]
        {
            await NameAsync(engine, First),
            await NameAsync(engine, First),
            await NameAsync(engine, Second),
            await NameAsync(engine, Second),
            await NameAsync(engine, First, ("overwrite", "true")),
        };

        Assert.Equal(["a.png", "a.png", "a (1).png", "a (1).png", "a.png"], names);
        Assert.Equal(["a (1).png", "a.png"], Directory.GetFiles(engine.Folders.Input).Select(f => Path.GetFileName(f)).Order());
    }

    [Theory]
    [InlineData("a.png", "subfolder", "../../x")]
    [InlineData("a.png", "subfolder", "/etc")]
    [InlineData("../evil.png", "subfolder", "")]
    [InlineData("x/../../evil.png", "subfolder", "")]
    [InlineData("/tmp/evil.png", "subfolder", "")]
    public async Task Upload_NameThatLeavesTheFolder_Is400AndWritesNothing(string name, string field, string value)
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await engine.UploadAsync("/upload/image", First, name, (field, value));

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Empty(Directory.EnumerateFiles(engine.Folders.Root, "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("input", "sub")]
    [InlineData("temp", "")]
    [InlineData("output", "deep/er")]
    public async Task Upload_TypeAndSubfolder_GoesThere(string type, string subfolder)
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await engine.UploadAsync("/api/upload/image", First, "a.png", ("type", type), ("subfolder", subfolder));

        Assert.Equal(
            $$"""{"name": "a.png", "subfolder": "{{subfolder}}", "type": "{{type}}"}""",
            await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(First, await File.ReadAllBytesAsync(Path.Combine(engine.Folders.Root, type, subfolder, "a.png"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Upload_UnknownType_Is500()
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await engine.UploadAsync("/upload/image", First, "a.png", ("type", "models"));

        Assert.Equal(HttpStatusCode.InternalServerError, reply.StatusCode);
    }

    [Fact]
    public async Task Upload_NoFile_Is400()
    {
        await using var engine = await TestEngine.StartAsync();
        using var form = new MultipartFormDataContent { { new StringContent("true"), "overwrite" } };

        using var reply = await engine.Client.PostAsync("/upload/image", form, TestContext.Current.CancellationToken);
        using var plain = await engine.PostAsync("/upload/image", "{}");

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, plain.StatusCode);
    }

    [Fact]
    public async Task Mask_OnAnImage_KeepsItsColoursAndTexts()
    {
        await using var engine = await TestEngine.StartAsync(prepare: f => Save(f, "orig.png", [10, 20, 30], 3, new PngText("workflow", "{\"ü\": 1}"), new PngText("prompt", "日本")));

        using var reply = await engine.UploadAsync("/upload/mask", Png([0, 0, 0, 77], 4), "masked.png", ("original_ref", """{"filename": "orig.png [input]"}"""));
        var written = await File.ReadAllBytesAsync(Path.Combine(engine.Folders.Input, "masked.png"), TestContext.Current.CancellationToken);
        var frame = ImageDecoder.Decode(written, "masked", new ImageLimits()).Frames[0];

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Equal([10, 20, 30], frame.Rgb);
        Assert.Equal([77], frame.Alpha!);
        Assert.Equal([new PngText("workflow", "{\"ü\": 1}"), new PngText("prompt", "日本")], PngTextReader.Read(written));
    }

    [Theory]
    [InlineData("""{"filename": "gone.png", "type": "input"}""")]
    [InlineData("""{"filename": "", "type": "input"}""")]
    [InlineData("""{"filename": "../secret.png", "type": "input"}""")]
    [InlineData("""{"filename": "/etc/passwd", "type": "input"}""")]
    [InlineData("""{"filename": "secret.png", "type": "input", "subfolder": ".."}""")]
    public async Task Mask_WithoutItsImage_WritesNothing(string reference)
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await engine.UploadAsync("/upload/mask", Png([0, 0, 0, 77], 4), "masked.png", ("original_ref", reference));

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Empty(Directory.EnumerateFiles(engine.Folders.Input));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{")]
    [InlineData("{}")]
    public async Task Mask_WithoutAReference_Is500(string? reference)
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await engine.UploadAsync("/upload/mask", Png([0, 0, 0, 77], 4), "m.png", reference is null ? [] : [("original_ref", reference)]);

        Assert.Equal(HttpStatusCode.InternalServerError, reply.StatusCode);
    }

    private static async Task<string> NameAsync(TestEngine engine, byte[] content, params (string, string)[] fields)
    {
        using var reply = await engine.UploadAsync("/upload/image", content, "a.png", fields);
        return (await reply.Content.ReadFromJsonAsync<UploadedFile>(TestContext.Current.CancellationToken))!.Name;
    }

    private static void Save(EngineFolders folders, string name, byte[] pixel, int channels, params PngText[] texts) =>
        File.WriteAllBytes(Path.Combine(Directory.CreateDirectory(folders.Input).FullName, name), Png(pixel, channels, texts));

    private static byte[] Png(byte[] pixel, int channels, params PngText[] texts)
    {
        using var file = new MemoryStream();
        PngWriter.Write(file, pixel, 1, 1, channels, 4, texts);
        return file.ToArray();
    }
}
