using System.Security.Cryptography;
using ComfyServe.Contracts.Api;
using ComfyServe.Testing.Engines;
using ComfyServe.Testing.Storage;

namespace ComfyServe.Api.Tests.Outputs;

/// <summary>Against an S3 server that nobody here wrote.</summary>
public sealed class S3Tests
{
    [Fact]
    public async Task Run_S3Configured_UploadsWithTypeAndSignsAPlainGet()
    {
        await using var store = await StoreAsync();
        await using var host = await StartAsync(store);

        var (_, answer) = await host.RunAsync(Workflows.Image, """, "request_id": "abc" """);

        var output = answer["output"]![0]!;
        Assert.Equal("completed", (string?)answer["status"]);
        Assert.StartsWith($"{store.Endpoint}/bucket/abc/ComfyUI_00001_.png?X-Amz-Algorithm=AWS4-HMAC-SHA256", (string?)output["url"], StringComparison.Ordinal);
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
        await using var store = await StoreAsync();
        await using var host = await StartAsync(store);
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
    public async Task Run_RequestsOwnStore_TakesPrecedenceFieldByField()
    {
        await using var store = await StoreAsync();
        await using var host = await StartAsync(store, o => o.S3 = o.S3 with { BucketName = "no-such-bucket" });

        var (_, answer) = await host.RunAsync(Workflows.Image, """, "s3": {"bucket_name": "bucket"} """);

        Assert.Contains("/bucket/", (string?)answer["output"]![0]!["url"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-bucket", S3Server.Key, "NoSuchBucket")]
    [InlineData("bucket", "wrong-key", "InvalidAccessKeyId")]
    public async Task Run_StoreRefuses_JobCompletesWithTheFilesError(string bucket, string key, string code)
    {
        await using var store = await StoreAsync();
        await using var host = await StartAsync(store, o => o.S3 = o.S3 with { BucketName = bucket, AccessKeyId = key });

        var (status, answer) = await host.RunAsync(Workflows.Image);

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.StartsWith(code, (string?)answer["output"]![0]!["upload_error"], StringComparison.Ordinal);
        Assert.Null(answer["output"]![0]!["url"]);
        Assert.DoesNotContain(S3Server.Secret + "\"", answer.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_EndpointIsNoUrl_FailsAndTellsTheFiles()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.RunAsync(Workflows.Image, """, "s3": {"access_key_id": "k", "secret_access_key": "s", "bucket_name": "b", "endpoint_url": "bad"} """);

        Assert.Equal((500, "failed", "Post-processing failed: Invalid endpoint: bad"), (status, (string?)answer["status"], (string?)answer["message"]));
        Assert.Equal("output_failed", (string?)answer["error"]!["code"]);
        Assert.Single(answer["output"]!.AsArray());
    }

    [Fact]
    public async Task Run_CallersPrivateEndpoint_IsNotCalled()
    {
        await using var host = await ApiHost.StartAsync();

        var (_, answer) = await host.RunAsync(Workflows.Image, """, "s3": {"access_key_id": "k", "secret_access_key": "s", "bucket_name": "b", "endpoint_url": "http://127.0.0.1:1", "connect_attempts": 1} """);

        Assert.NotNull((string?)answer["output"]![0]!["upload_error"]);
    }

    [Fact]
    public async Task Run_OurKeysToTheCallersEndpoint_IsRefusedBeforehand()
    {
        await using var host = await ApiHost.StartAsync(o => o.S3 = new() { AccessKeyId = "k", SecretAccessKey = "hunter2", BucketName = "b", EndpointUrl = "https://own.example" });

        var (status, answer) = await host.RunAsync(Workflows.Image, """, "s3": {"endpoint_url": "https://theirs.example"} """);

        Assert.Equal(422, status);
        Assert.Contains("its keys are not sent there", (string?)answer["detail"]![0]!["msg"], StringComparison.Ordinal);
        Assert.Empty(host.Engine.Submitted);
    }

    [Fact]
    public async Task Run_KeyTemplate_NamesTheObjects()
    {
        await using var host = await ApiHost.StartAsync(o => o.OutputKeyTemplate = "renders/{node_id}/{request_id}/{filename}");

        var (_, answer) = await host.RunAsync(Workflows.Image, """, "request_id": "abc" """);

        Assert.Contains("/files/renders/9/abc/ComfyUI_00001_.png?", (string?)answer["output"]![0]!["url"], StringComparison.Ordinal);
    }

    private static async Task<S3Server> StoreAsync()
    {
        Assert.SkipWhen(S3Server.Program() is null, "s3rver is not installed; run eng/install-test-tools.sh");
        return await S3Server.StartAsync();
    }

    private static Task<ApiHost> StartAsync(S3Server store, Action<ApiOptions>? configure = null) => ApiHost.StartAsync(o =>
    {
        o.S3 = new S3Target { AccessKeyId = S3Server.Key, SecretAccessKey = S3Server.Secret, BucketName = "bucket", EndpointUrl = store.Endpoint, Region = "us-east-1" };
        configure?.Invoke(o);
    });

    private static byte[] Noise(int size)
    {
        var bytes = new byte[size];
        new Random(7).NextBytes(bytes);
        return bytes;
    }
}
