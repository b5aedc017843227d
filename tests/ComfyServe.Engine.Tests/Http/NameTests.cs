using System.Net;
using System.Net.Http.Json;
using ComfyServe.Contracts.Engine;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes.Images;
using CsCheck;

namespace ComfyServe.Engine.Tests.Http;

/// <summary>Uploads, <c>/view</c>, prefixes and loading nodes agree on which names exist.</summary>
public sealed class NameTests
{
    private static readonly Gen<string> Parts = Gen.Select(Gen.OneOf("a", "b..c", "..d", "e..", "v1", "ü 語", "(1)", "x\\y", "..\\z", "...", ".h", "[f]", "%25", "a+b&c"), Gen.OneOf("", ".png", "..png", ".tar.gz"), static (stem, ending) => stem + ending);
    private static readonly Gen<string> Names = Parts.Array[1, 3].Select(static parts => string.Join('/', parts));

    [Fact]
    public async Task Upload_GeneratedNames_AreThereForAllOrForNobody()
    {
        await using var engine = await TestEngine.StartAsync();
        var names = new HashSet<string>(StringComparer.Ordinal);
        Names.Sample(n => { names.Add(n); }, iter: 120, threads: 1);
        names.UnionWith(["..", "../up", "a/../../up", "a/..", "/up", "x..y.png"]);

        foreach (var (number, name) in names.Index())
        {
            byte[] content = [(byte)number, (byte)(number >> 8), 7];
            using var reply = await engine.UploadAsync("/upload/image", content, name, ("overwrite", "true"));
            var known = reply.StatusCode == HttpStatusCode.OK ? (await reply.Content.ReadFromJsonAsync<UploadedFile>(TestContext.Current.CancellationToken))!.Name : name;
            using var view = await engine.GetAsync($"/view?filename={Uri.EscapeDataString(known)}&type=input");

            var isThere = reply.StatusCode == HttpStatusCode.OK;
            Assert.True(isThere || reply.StatusCode == HttpStatusCode.BadRequest, $"'{name}': {reply.StatusCode}"); // a folder has this name, or it goes up
            Assert.True(isThere == (view.StatusCode == HttpStatusCode.OK) || !name.Contains("up", StringComparison.Ordinal), $"'{name}': upload {reply.StatusCode}, view {view.StatusCode}");
            Assert.True(isThere == InputImages.Find(engine.Folders, known) is not null, $"'{name}': upload {reply.StatusCode}, loading differs");
            if (isThere)
            {
                Assert.Equal(HttpStatusCode.OK, view.StatusCode);
                Assert.Equal(content, await view.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
            }
        }

        Assert.Empty(Directory.EnumerateFiles(engine.Folders.Root, "*", SearchOption.TopDirectoryOnly));
    }

    [Theory]
    [InlineData("v1..final")]
    [InlineData("..v1")]
    [InlineData("a..b/c..d")]
    [InlineData("...")]
    public async Task View_PictureOfAPrefixWithTwoDots_IsThere(string prefix)
    {
        await using var engine = await TestEngine.StartAsync();
        var place = OutputFileName.Next(prefix, engine.Folders.Output, 8, 8, default, new OutputNumbers(), ".png");
        var name = $"{place.Name}_{place.Counter:00000}_.png";
        await File.WriteAllBytesAsync(Path.Combine(place.Folder, name), [1, 2, 3], TestContext.Current.CancellationToken);

        using var view = await engine.GetAsync($"/view?filename={Uri.EscapeDataString(name)}&subfolder={Uri.EscapeDataString(place.Subfolder)}&type=output");

        Assert.Equal(HttpStatusCode.OK, view.StatusCode);
    }
}
