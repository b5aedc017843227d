using Amazon.Runtime;
using Amazon.S3;
using ComfyServe.Contracts.Api;
using ComfyServe.Testing.Storage;

namespace ComfyServe.Api.Tests.Outputs;

/// <summary>Against OpenStack Swift's S3 API, which checks every signature.</summary>
public sealed class SwiftTests : ObjectServerTests
{
    [Theory]
    [InlineData("no-such-bucket", SwiftServer.Key, SwiftServer.Secret, "NoSuchBucket")]
    [InlineData("bucket", "test:nobody", SwiftServer.Secret, "SignatureDoesNotMatch")]
    [InlineData("bucket", SwiftServer.Key, "wrong", "SignatureDoesNotMatch")]
    public Task Run_StoreRefuses_JobCompletesWithTheFilesError(string bucket, string key, string secret, string code) =>
        RefusedAsync(o => o with { BucketName = bucket, AccessKeyId = key, SecretAccessKey = secret }, code);

    [Fact]
    public async Task Run_SignedUrlWasChanged_IsRefusedByTheStore()
    {
        Assert.SkipWhen(!File.Exists("/usr/bin/curl"), "curl is not installed");
        var (server, target) = await StoreAsync();
        await using var store = server;
        await using var host = await ApiHost.StartAsync(o => o.S3 = target);
        var (_, answer) = await host.RunAsync(Workflows.Image);
        var url = (string)answer["output"]![0]!["url"]!;

        var changed = await CurlAsync(url.Replace("X-Amz-Expires=604800", "X-Amz-Expires=604799", StringComparison.Ordinal), Stream.Null);

        Assert.Equal(22, changed);
    }

    /// <inheritdoc/>
    protected override async Task<(IAsyncDisposable Server, S3Target Target)> StoreAsync()
    {
        Assert.SkipWhen(!SwiftServer.IsInstalled, "OpenStack Swift is not installed; run COMFYSERVE_TEST_FULL=1 eng/install-test-tools.sh where apt-get is");
        var server = await SwiftServer.StartAsync();
        using var client = new AmazonS3Client(
            new BasicAWSCredentials(SwiftServer.Key, SwiftServer.Secret),
            new AmazonS3Config { ServiceURL = server.Endpoint, ForcePathStyle = true, AuthenticationRegion = "us-east-1", MaxErrorRetry = 10 });
        await client.PutBucketAsync("bucket", TestContext.Current.CancellationToken);
        return (server, new S3Target { AccessKeyId = SwiftServer.Key, SecretAccessKey = SwiftServer.Secret, BucketName = "bucket", EndpointUrl = server.Endpoint, Region = "us-east-1" });
    }
}
