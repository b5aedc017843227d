using System.Diagnostics;
using System.Security.Cryptography;
using ComfyServe.Contracts.Api;
using ComfyServe.Testing.Engines;

namespace ComfyServe.Api.Tests.Outputs;

/// <summary>What holds with every S3 server; each of them nobody here wrote.</summary>
public abstract class ObjectServerTests
{
    [Fact]
    public async Task Run_S3Configured_UploadsWithTypeAndSignsAPlainGet()
    {
        var (server, target) = await StoreAsync();
        await using var store = server;
        await using var host = await ApiHost.StartAsync(o => o.S3 = target);

        var (_, answer) = await host.RunAsync(Workflows.Image, """, "request_id": "abc" """);

        var output = answer["output"]![0]!;
        Assert.Equal("completed", (string?)answer["status"]);
        Assert.StartsWith($"{target.EndpointUrl}/bucket/abc/ComfyUI_00001_.png?X-Amz-Algorithm=AWS4-HMAC-SHA256", (string?)output["url"], StringComparison.Ordinal);
        using var plain = new HttpClient();
        using var fetched = await plain.GetAsync((string?)output["url"], TestContext.Current.CancellationToken);
        Assert.Equal("image/png", fetched.Content.Headers.ContentType!.MediaType);
        Assert.Equal(FakeImage.Png(host.Engine.Submitted.Single().Id), await fetched.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData((8 << 20) - 1)]
    [InlineData(8 << 20)]
    [InlineData((8 << 20) + 1)]
    [InlineData(17 << 20)]
    public async Task Run_LargeOutput_ArrivesWholeInParts(int size)
    {
        var (server, target) = await StoreAsync();
        await using var store = server;
        await using var host = await ApiHost.StartAsync(o => o.S3 = target);
        host.Engine.PutFile("output", "video", "large.mp4", Noise(size));

        var (_, answer) = await host.RunAsync("""{"1": {"class_type": "FakeEmit", "inputs": {"kind": "gifs", "filename": "large.mp4", "subfolder": "video", "missing": true}}}""");

        var output = answer["output"]![0]!;
        Assert.Null((string?)output["upload_error"]);
        Assert.Equal(size, (long)output["size"]!);
        using var plain = new HttpClient();
        var bytes = await plain.GetByteArrayAsync((string?)output["url"], TestContext.Current.CancellationToken);
        Assert.Equal((string?)output["sha256"], Convert.ToHexStringLower(SHA256.HashData(bytes)));
        Assert.Equal(size, bytes.Length);
    }

    [Fact]
    public async Task Run_SignedUrl_IsGoodForCurl()
    {
        Assert.SkipWhen(!File.Exists("/usr/bin/curl"), "curl is not installed");
        var (server, target) = await StoreAsync();
        await using var store = server;
        await using var host = await ApiHost.StartAsync(o => o.S3 = target);
        var (_, answer) = await host.RunAsync(Workflows.Image);
        var url = (string)answer["output"]![0]!["url"]!;

        using var fetched = new MemoryStream();
        var status = await CurlAsync(url, fetched);

        Assert.Equal(0, status);
        Assert.Equal((string?)answer["output"]![0]!["sha256"], Convert.ToHexStringLower(SHA256.HashData(fetched.ToArray())));
    }

    /// <summary>Starts a server with the bucket <c>bucket</c>, or skips the test by name.</summary>
    protected abstract Task<(IAsyncDisposable Server, S3Target Target)> StoreAsync();

    /// <summary>A store that refuses fails the upload, not the job: the file is kept here, and no secret is told.</summary>
    protected async Task RefusedAsync(Func<S3Target, S3Target> spoil, string code)
    {
        ArgumentNullException.ThrowIfNull(spoil);
        var (server, target) = await StoreAsync();
        await using var store = server;
        var spoilt = spoil(target);
        await using var host = await ApiHost.StartAsync(o => o.S3 = spoilt);

        var (status, answer) = await host.RunAsync(Workflows.Image);

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.StartsWith(code, (string?)answer["output"]![0]!["upload_error"], StringComparison.Ordinal);
        Assert.StartsWith($"{host.Http.BaseAddress}files/", (string?)answer["output"]![0]!["url"], StringComparison.Ordinal);
        Assert.DoesNotContain(spoilt.SecretAccessKey + "\"", answer.ToJsonString(), StringComparison.Ordinal);
    }

    /// <summary>Fetches a URL with plain curl; returns its exit code, 22 for an HTTP error.</summary>
    protected static async Task<int> CurlAsync(string url, Stream body)
    {
        ArgumentNullException.ThrowIfNull(body);
        using var curl = Process.Start(new ProcessStartInfo("/usr/bin/curl", ["-sSf", url]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var errors = curl.StandardError.ReadToEndAsync();
        await curl.StandardOutput.BaseStream.CopyToAsync(body);
        await errors;
        await curl.WaitForExitAsync();
        return curl.ExitCode;
    }

    private static byte[] Noise(int size)
    {
        var bytes = new byte[size];
        new Random(7).NextBytes(bytes);
        return bytes;
    }
}
