using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Images;
using ComfyServe.Testing;

namespace ComfyServe.Engine.Tests.Nodes;

public sealed class LoadImageTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("comfyserve-load").FullName;
    private readonly EngineFolders _folders;

    public LoadImageTests()
    {
        TorchRuntime.Initialize();
        _folders = new EngineFolders(_root);
        Directory.CreateDirectory(_folders.Input);
        Directory.CreateDirectory(_folders.Temp);
        File.Copy(RecordedData.Golden("loadimage", "rgb.png"), Path.Combine(_folders.Input, "rgb.png"));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Find_AnnotatedName_LooksInThatFolder()
    {
        File.WriteAllText(Path.Combine(_folders.Temp, "t.png"), "");

        Assert.Equal(Path.Combine(_folders.Temp, "t.png"), InputImages.Find(_folders, "t.png [temp]"));
        Assert.Equal(Path.Combine(_folders.Input, "rgb.png"), InputImages.Find(_folders, "rgb.png [input]"));
        Assert.Null(InputImages.Find(_folders, "t.png"));
    }

    [Theory]
    [InlineData("../secret.png")]
    [InlineData("/etc/hostname")]
    [InlineData("[temp]")]
    [InlineData("")]
    [InlineData("..")]
    public void Find_NameThatLeavesTheFolder_FindsNothing(string name)
    {
        File.WriteAllText(Path.Combine(_root, "secret.png"), "");

        Assert.Null(InputImages.Find(_folders, name));
    }

    [Fact]
    public void ImageFiles_Folder_ListsImagesByEndingSorted()
    {
        foreach (var name in (string[])["b.webp", "a.txt", "B.JPG", "x.svg"])
        {
            File.WriteAllText(Path.Combine(_folders.Input, name), "");
        }

        Directory.CreateDirectory(Path.Combine(_folders.Input, "folder.png"));

        Assert.Equal(["B.JPG", "b.webp", "rgb.png", "x.svg"], InputImages.ImageFiles(_folders));
        Assert.Equal(["B.JPG", "a.txt", "b.webp", "rgb.png", "x.svg"], InputImages.AllFiles(_folders));
    }

    [Theory]
    [InlineData("not an image at all", "PIL.UnidentifiedImageError", "cannot identify image file '")]
    [InlineData("\u0089PNG\r\n\u001A\n", "PIL.UnidentifiedImageError", "cannot identify image file '")]
    [InlineData("\u0089PNG\r\n\u001A\nzzzzIHDR", "OSError", "Truncated File Read")]
    public void LoadImage_DamagedFile_FailsUnderPillowsName(string content, string type, string message)
    {
        File.WriteAllBytes(Path.Combine(_folders.Input, "damaged.png"), [.. content.Select(c => (byte)c)]);

        var exception = Assert.Throws<NodeException>(() => Load("damaged.png"));

        Assert.Equal(type, exception.Type);
        Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LoadImage_FileCutWithinItsPixels_GivesWhatIsThere()
    {
        var file = File.ReadAllBytes(RecordedData.Golden("loadimage", "rgb.png"));
        File.WriteAllBytes(Path.Combine(_folders.Input, "cut.png"), file[..^300]);

        Assert.Null(Record.Exception(() => Load("cut.png")));
    }

    private void Load(string name) =>
        NodeCall.Of("LoadImage", NodeCall.Context(_root)).Run(new Dictionary<string, object?> { ["image"] = name });
}
