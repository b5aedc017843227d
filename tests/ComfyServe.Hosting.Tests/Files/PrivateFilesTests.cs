using ComfyServe.Hosting.Files;
using ComfyServe.Testing.Files;

namespace ComfyServe.Hosting.Tests.Files;

public sealed class PrivateFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("comfyserve-private-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Create_FoldersAndFiles_AreForThisAccountAlone()
    {
        var inner = Path.Combine(_folder, "a", "b");

        PrivateFiles.CreateFolder(inner);
        await PrivateFiles.WriteAsync(Path.Combine(inner, "file"), "bytes"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Equal("700", FileModes.Of(inner));
        Assert.Equal("700", FileModes.Of(Path.Combine(_folder, "a")));
        Assert.Equal("600", FileModes.Of(Path.Combine(inner, "file")));
    }

    [Fact]
    public void Own_WhatAnEarlierVersionMade_TakesItAwayFromOthers()
    {
        var (folder, file) = (Path.Combine(_folder, "old"), Path.Combine(_folder, "old.log"));
        Directory.CreateDirectory(folder);
        FileModes.Set(folder, "755");
        File.WriteAllText(file, "lines");
        FileModes.Set(file, "664");

        PrivateFiles.OwnFolder(folder);
        PrivateFiles.OwnFile(file);
        PrivateFiles.OwnFile(Path.Combine(_folder, "not there"));

        Assert.Equal("700", FileModes.Of(folder));
        Assert.Equal("600", FileModes.Of(file));
    }

    [Fact]
    public void CreateFolder_OneThatIsThere_StaysAsItsOwnerChose()
    {
        FileModes.Set(_folder, "755");

        PrivateFiles.CreateFolder(_folder);

        Assert.Equal("755", FileModes.Of(_folder));
    }
}
