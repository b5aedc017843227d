using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Images;
using ComfyServe.Engine.Nodes.Values;
using Microsoft.Extensions.Time.Testing;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Tests.Nodes;

public sealed class SaveImageTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("comfyserve-save").FullName;
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 7, 4, 5, 9, TimeSpan.Zero));
    private readonly TorchSharp.DisposeScope _scope;

    public SaveImageTests()
    {
        TorchRuntime.Initialize();
        _scope = NewDisposeScope();
    }

    public void Dispose()
    {
        _scope.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void Next_FolderWithOtherFiles_CountsOnFromTheLargestOfTheName()
    {
        foreach (var name in (string[])["ComfyUI_00003_.png", "ComfyUI_00010_.png", "ComfyUI_x.png", "ComfyUI2_00099_.png", "ComfyUI_00012_foo.png"])
        {
            File.WriteAllText(Path.Combine(_root, name), "");
        }

        var name_ = OutputFileName.Next("ComfyUI", _root, 8, 8, _clock.GetLocalNow(), new OutputNumbers(), ".png");

        Assert.Equal(13, name_.Counter);
    }

    [Fact]
    public void Next_Tokens_AreExpandedAndFoldersMade()
    {
        var name = OutputFileName.Next("sub/%width%x%height%_a", _root, 512, 768, _clock.GetLocalNow(), new OutputNumbers(), ".png");

        Assert.Equal((Path.Combine(_root, "sub"), "sub", "512x768_a", 1), (name.Folder, name.Subfolder, name.Name, name.Counter));
        Assert.True(Directory.Exists(name.Folder));
    }

    [Fact]
    public void Next_TimeTokens_AreLocalAndPadded()
    {
        var name = OutputFileName.Next("%year%-%month%-%day%_%hour%%minute%%second%", _root, 8, 8, _clock.GetLocalNow(), new OutputNumbers(), ".png");

        Assert.Equal("2026-03-07_040509", name.Name);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/tmp/x")]
    [InlineData("..")]
    public void Next_PrefixThatLeavesTheFolder_IsRefusedAsComfyUIDoes(string prefix)
    {
        var exception = Assert.Throws<NodeException>(() => OutputFileName.Next(prefix + "/y", _root, 8, 8, _clock.GetLocalNow(), new OutputNumbers(), ".png"));

        Assert.Equal("Exception", exception.Type);
        Assert.StartsWith("**** ERROR: Saving image outside the output folder is not allowed.", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "", ".")]
    [InlineData("a/", "", "a")]
    [InlineData("a/b/../c/./d", "a/c", "d")]
    public void Next_UnusualPrefix_IsNormalized(string prefix, string subfolder, string name)
    {
        var next = OutputFileName.Next(prefix, _root, 8, 8, _clock.GetLocalNow(), new OutputNumbers(), ".png");

        Assert.Equal((subfolder, name), (next.Subfolder, next.Name));
    }

    [Fact]
    public void SaveImage_Batch_WritesNumberedFilesWithTruncatedPixelsAndTexts()
    {
        var values = tensor((float[])[.5f, .999f, 1, -.1f, 1.2f, .00392f]).reshape(1, 1, 2, 3).repeat(2, 1, 1, 1);
        var prompt = JsonNode.Parse("""{"1":{"class_type":"SaveImage","inputs":{"filename_prefix":"é"}}}""")!.AsObject();
        var extra = JsonNode.Parse("""{"workflow":{"id":1}}""");

        var ui = Save(new ImageBatch(values), "a/b", prompt, extra);

        Assert.Equal(
            """{"images":[{"filename":"b_00001_.png","subfolder":"a","type":"output"},{"filename":"b_00002_.png","subfolder":"a","type":"output"}]}""",
            ui.Content.ToJsonString());
        var file = File.ReadAllBytes(Path.Combine(_root, "output", "a", "b_00002_.png"));
        using var decoded = NetVips.Image.PngloadBuffer(file);
        Assert.Equal([127, 254, 255, 0, 255, 0], decoded.WriteToMemory<byte>());
        var text = Encoding.Latin1.GetString(file);
        Assert.Contains("tEXtprompt\0{\"1\": {\"class_type\": \"SaveImage\", \"inputs\": {\"filename_prefix\": \"\\u00e9\"}}}", text, StringComparison.Ordinal);
        Assert.Contains("tEXtworkflow\0{\"id\": 1}", text, StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(_root, "output", "a")).Length);
    }

    [Fact]
    public void SaveImage_BatchNumberToken_IsReplacedForEachImage()
    {
        var ui = Save(new ImageBatch(zeros(2, 4, 4, 3)), "x%batch_num%", null, null);

        Assert.Equal(["x0_00001_.png", "x1_00002_.png"], ui.Content["images"]!.AsArray().Select(f => (string)f!["filename"]!));
    }

    [Fact]
    public void PreviewImage_Twice_KeepsItsNameAndCountsOn()
    {
        var context = Context();
        var node = NodeCall.Of("PreviewImage", context);
        var inputs = new Dictionary<string, object?> { ["images"] = new ImageBatch(zeros(1, 4, 4, 3)) };

        var names = Enumerable.Range(0, 2).Select(_ => (JsonNode)((Ui)node.Run(inputs)[0]!).Content["images"]![0]!).ToList();

        Assert.All(names, n => Assert.Equal("temp", (string)n["type"]!));
        Assert.Matches("^ComfyUI_temp_[a-z]{5}_00001_.png$", (string)names[0]["filename"]!);
        Assert.Equal(((string)names[0]["filename"]!).Replace("00001", "00002"), (string)names[1]["filename"]!);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(_root, "temp")).Length);
    }

    private Ui Save(ImageBatch images, string prefix, JsonObject? prompt, JsonNode? extra) =>
        (Ui)NodeCall.Of("SaveImage", Context()).Run(new Dictionary<string, object?>
        {
            ["images"] = images,
            ["filename_prefix"] = prefix,
            ["prompt"] = prompt,
            ["extra_pnginfo"] = extra,
        })[0]!;

    private NodeContext Context() => new() { Folders = new EngineFolders(_root), Models = new ModelCache(), Clock = _clock };
}
