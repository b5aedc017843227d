using System.Net;
using System.Net.Http.Headers;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Images;

namespace ComfyServe.Engine.Tests.Http;

public sealed class ViewTests
{
    private static readonly byte[] Pixels = [255, 0, 0, 64, 0, 255, 0, 128];

    [Theory]
    [InlineData("filename=../x.png&type=input", HttpStatusCode.BadRequest)]
    [InlineData("filename=/etc/passwd&type=input", HttpStatusCode.BadRequest)]
    [InlineData("filename=..%2F..%2Fsecret.txt", HttpStatusCode.BadRequest)]
    [InlineData("filename=%20[input]", HttpStatusCode.BadRequest)]
    [InlineData("filename=", HttpStatusCode.BadRequest)]
    [InlineData("filename=a.png&type=zz", HttpStatusCode.BadRequest)]
    [InlineData("filename=a.png&type=input&subfolder=../..", HttpStatusCode.Forbidden)]
    [InlineData("filename=secret.txt&type=input&subfolder=..", HttpStatusCode.Forbidden)]
    [InlineData("filename=passwd&type=input&subfolder=/etc", HttpStatusCode.Forbidden)]
    [InlineData("filename=a.png&type=input&subfolder=x%00y", HttpStatusCode.Forbidden)]
    [InlineData("filename=gone.png&type=input", HttpStatusCode.NotFound)]
    [InlineData("filename=a.png", HttpStatusCode.NotFound)]
    [InlineData("type=input", HttpStatusCode.NotFound)]
    [InlineData("filename=a.png&type=input", HttpStatusCode.OK)]
    [InlineData("filename=a.png%20[input]", HttpStatusCode.OK)]
    [InlineData("filename=deep/a.png&type=input", HttpStatusCode.OK)]
    [InlineData("filename=b.png&type=input&subfolder=sub", HttpStatusCode.OK)]
    public async Task Get_AnyName_StaysInItsFolder(string query, HttpStatusCode expected)
    {
        await using var engine = await TestEngine.StartAsync(prepare: Prepare);

        using var reply = await engine.GetAsync($"/view?{query}");

        Assert.Equal(expected, reply.StatusCode);
    }

    [Fact]
    public async Task Get_File_CanBeAskedForInPartsAndAgain()
    {
        await using var engine = await TestEngine.StartAsync(prepare: Prepare);
        using var whole = await engine.GetAsync("/view?filename=a.png&type=input");
        using var range = new HttpRequestMessage(HttpMethod.Get, "/view?filename=a.png&type=input") { Headers = { Range = new RangeHeaderValue(0, 7) } };
        using var again = new HttpRequestMessage(HttpMethod.Get, "/view?filename=a.png&type=input");
        again.Headers.IfNoneMatch.Add(whole.Headers.ETag!);

        using var part = await engine.Client.SendAsync(range, TestContext.Current.CancellationToken);
        using var unchanged = await engine.Client.SendAsync(again, TestContext.Current.CancellationToken);

        Assert.Equal("filename=\"a.png\"", whole.Content.Headers.GetValues("Content-Disposition").Single());
        Assert.Equal("image/png", whole.Content.Headers.ContentType!.ToString());
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal("89504E470D0A1A0A", Convert.ToHexString(await part.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)));
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
    }

    [Theory]
    [InlineData("page.html", "application/octet-stream", true)]
    [InlineData("page.XHTML", "application/octet-stream", true)]
    [InlineData("a.txt", "text/plain", false)]
    [InlineData("x.svg", "application/octet-stream", true)]
    [InlineData("x.xml", "application/octet-stream", true)]
    [InlineData("x.pdf", "application/octet-stream", true)]
    [InlineData("x.css", "application/octet-stream", true)]
    [InlineData("u.bin", "application/octet-stream", false)]
    [InlineData("s.js", "application/octet-stream", true)]
    public async Task Get_File_IsNeverOfATypeThatABrowserRuns(string name, string expected, bool isAttachment)
    {
        await using var engine = await TestEngine.StartAsync(prepare: f => File.WriteAllText(Path.Combine(Directory.CreateDirectory(f.Input).FullName, name), "x"));

        using var reply = await engine.GetAsync($"/view?filename={name}&type=input");

        Assert.Equal(expected, reply.Content.Headers.ContentType!.ToString());
        Assert.Equal($"{(isAttachment ? "attachment; " : "")}filename=\"{name}\"", reply.Content.Headers.GetValues("Content-Disposition").Single());
        Assert.Equal("nosniff", reply.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Theory]
    [InlineData("preview=webp;50", "Webp", true)]
    [InlineData("preview=", "Webp", true)]
    [InlineData("preview=webp&channel=rgb", "Webp", false)]
    [InlineData("preview=jpeg;80&channel=rgb", "Jpeg", false)]
    [InlineData("preview=jpeg&channel=a", "Webp", true)]
    [InlineData("channel=rgb", "Png", false)]
    [InlineData("channel=a", "Png", true)]
    public async Task Get_Preview_IsEncodedAgain(string query, string kind, bool hasAlpha)
    {
        await using var engine = await TestEngine.StartAsync(prepare: Prepare);

        using var reply = await engine.GetAsync($"/view?filename=a.png&type=input&{query}");
        var image = ImageDecoder.Decode(await reply.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken), "reply", new ImageLimits());

        Assert.Equal(kind, image.Kind.ToString());
        Assert.Equal($"image/{kind.ToLowerInvariant()}", reply.Content.Headers.ContentType!.ToString());
        Assert.Equal((2, 1, hasAlpha), (image.Frames[0].Width, image.Frames[0].Height, image.Frames[0].Alpha is not null));
    }

    [Fact]
    public async Task Get_AlphaChannel_IsOnBlack()
    {
        await using var engine = await TestEngine.StartAsync(prepare: Prepare);

        using var reply = await engine.GetAsync("/view?filename=a.png&type=input&channel=a");
        var frame = ImageDecoder.Decode(await reply.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken), "reply", new ImageLimits()).Frames[0];

        Assert.Equal(new byte[6], frame.Rgb);
        Assert.Equal([64, 128], frame.Alpha!);
    }

    [Fact]
    public async Task Get_CorruptImage_FailsOnlyWhenItMustBeRead()
    {
        await using var engine = await TestEngine.StartAsync(prepare: f => File.WriteAllText(Path.Combine(Directory.CreateDirectory(f.Input).FullName, "bad.png"), "no image"));

        using var raw = await engine.GetAsync("/view?filename=bad.png&type=input");
        using var preview = await engine.GetAsync("/view?filename=bad.png&type=input&preview=webp");

        Assert.Equal(HttpStatusCode.OK, raw.StatusCode);
        Assert.Equal(HttpStatusCode.InternalServerError, preview.StatusCode);
    }

    private static void Prepare(EngineFolders folders)
    {
        Directory.CreateDirectory(Path.Combine(folders.Input, "sub"));
        File.WriteAllText(Path.Combine(folders.Root, "secret.txt"), "secret");
        foreach (var name in (string[])["a.png", "sub/b.png"])
        {
            using var file = File.Create(Path.Combine(folders.Input, name));
            PngWriter.Write(file, Pixels, 2, 1, 4, 4, []);
        }
    }
}
