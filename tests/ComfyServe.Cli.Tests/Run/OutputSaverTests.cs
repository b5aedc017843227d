using System.Net;
using System.Security.Cryptography;
using ComfyServe.Cli.Run;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Cli.Tests.Run;

public sealed class OutputSaverTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-cli");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task SaveAsync_SameNameOtherContent_KeepsBoth()
    {
        await SaveAsync("a.png", [1]);

        var second = await SaveAsync("a.png", [2]);
        var third = await SaveAsync("a.png", [2]);

        Assert.Equal("a (1).png", Path.GetFileName(second.Path));
        Assert.Equal(second.Path, third.Path);
        Assert.Equal([1], await File.ReadAllBytesAsync(Path.Combine(_folder.FullName, "a.png"), TestContext.Current.CancellationToken));
        Assert.Equal(2, _folder.GetFiles().Length);
    }

    [Fact]
    public async Task SaveAsync_NameWithFolders_StaysInTheFolder()
    {
        var saved = await SaveAsync("../../evil.png", [1]);

        Assert.Equal(Path.Combine(_folder.FullName, "evil.png"), saved.Path);
    }

    [Fact]
    public async Task SaveAsync_WrongHash_SavesNothing()
    {
        var saved = await SaveAsync("a.png", [1], sha256: Convert.ToHexString(SHA256.HashData([2])));

        Assert.Null(saved.Path);
        Assert.Contains("SHA-256", saved.Problem, StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public async Task SaveAsync_NotUploaded_SaysWhy()
    {
        var output = new OutputFile { Filename = "a.png", NodeId = "9", OutputType = "images", UploadError = "no bucket" };

        using var http = new HttpClient();
        var saved = await OutputSaver.SaveAsync(http, [output], _folder.FullName, TestContext.Current.CancellationToken);

        Assert.Equal("no bucket", Assert.Single(saved).Problem);
    }

    private async Task<SavedOutput> SaveAsync(string name, byte[] content, string? sha256 = null)
    {
        var output = new OutputFile { Filename = name, NodeId = "9", OutputType = "images", Url = "http://store/x", Sha256 = sha256 };
        using var http = new HttpClient(new FixedAnswer(content));
        return Assert.Single(await OutputSaver.SaveAsync(http, [output], _folder.FullName, TestContext.Current.CancellationToken));
    }

    private sealed class FixedAnswer(byte[] content) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(content) });
    }
}
