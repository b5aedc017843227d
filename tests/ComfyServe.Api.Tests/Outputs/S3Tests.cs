using System.Net;
using ComfyServe.Contracts.Api;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Testing.Storage;
using ComfyServe.Testing.Web;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Api.Tests.Outputs;

/// <summary>Against an S3 server from npm, and what needs none.</summary>
public sealed class S3Tests : ObjectServerTests
{
    [Theory]
    [InlineData("no-such-bucket", S3Server.Key, "NoSuchBucket")]
    [InlineData("bucket", "wrong-key", "InvalidAccessKeyId")]
    public Task Run_StoreRefuses_JobCompletesWithTheFilesError(string bucket, string key, string code) => RefusedAsync(o => o with { BucketName = bucket, AccessKeyId = key }, code);

    [Fact]
    public async Task Run_RequestsOwnStore_TakesPrecedenceFieldByField()
    {
        var (server, target) = await StoreAsync();
        await using var store = server;
        await using var host = await ApiHost.StartAsync(o => o.S3 = target with { BucketName = "no-such-bucket" });

        var (_, answer) = await host.RunAsync(Workflows.Image, """, "s3": {"bucket_name": "bucket"} """);

        Assert.Contains("/bucket/", (string?)answer["output"]![0]!["url"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ServicesEndpointIsNoUrl_FailsAndTellsTheFiles()
    {
        await using var host = await ApiHost.StartAsync(static o => o.S3 = new() { AccessKeyId = "k", SecretAccessKey = "s", BucketName = "b", EndpointUrl = "bad" });

        var (status, answer) = await host.RunAsync(Workflows.Image);

        Assert.Equal((500, "failed", "Post-processing failed: Invalid endpoint: bad"), (status, (string?)answer["status"], (string?)answer["message"]));
        Assert.Equal("output_failed", (string?)answer["error"]!["code"]);
        Assert.Single(answer["output"]!.AsArray());
    }

    [Fact]
    public async Task Run_CallersEndpointThatLeadsElsewhereLater_IsNotCalled()
    {
        await using var store = await FileServer.StartAsync(static _ => Task.CompletedTask);
        var looks = 0;
        await using var host = await ApiHost.StartAsync(build: b => b.Services.AddSingleton<GuardedHandler.Resolve>((_, _) =>
            Task.FromResult<IPAddress[]>([Interlocked.Increment(ref looks) == 1 ? IPAddress.Parse("8.8.8.8") : IPAddress.Loopback])));

        var (_, answer) = await host.RunAsync(
            Workflows.Image, $$$""", "s3": {"access_key_id": "k", "secret_access_key": "s", "bucket_name": "b", "endpoint_url": "http://s3.example:{{{new Uri(store.BaseUrl).Port}}}", "connect_attempts": 1} """);

        Assert.NotNull((string?)answer["output"]![0]!["upload_error"]);
        Assert.Empty(store.Requests);
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

    /// <inheritdoc/>
    protected override async Task<(IAsyncDisposable Server, S3Target Target)> StoreAsync()
    {
        Assert.SkipWhen(S3Server.Program() is null, "s3rver is not installed; run eng/install-test-tools.sh");
        var server = await S3Server.StartAsync();
        return (server, new S3Target { AccessKeyId = S3Server.Key, SecretAccessKey = S3Server.Secret, BucketName = "bucket", EndpointUrl = server.Endpoint, Region = "us-east-1" });
    }
}
