using ComfyServe.Api.Outputs.S3;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Tests.Outputs;

public sealed class S3SettingsTests
{
    private static readonly S3Target Own = new() { AccessKeyId = "own-key", SecretAccessKey = "own-secret", BucketName = "own", EndpointUrl = "https://own.example", Region = "auto" };

    [Fact]
    public void Merge_BlankFields_AreFilledFromTheService()
    {
        Assert.Equal("own", S3Settings.Merge(new(), Own)!.Bucket);
        Assert.Equal("own", S3Settings.Merge(null, Own)!.Bucket);
        var other = S3Settings.Merge(new() { BucketName = "other" }, Own)!;
        Assert.Equal(("other", "own-key", "own-secret", "https://own.example", false), (other.Bucket, other.AccessKeyId, other.SecretAccessKey, other.Endpoint, other.IsCallers));
    }

    [Fact]
    public void Merge_Incomplete_IsNoStore()
    {
        Assert.Null(S3Settings.Merge(null, new()));
        Assert.Null(S3Settings.Merge(new() { BucketName = "b" }, new()));
        Assert.NotNull(S3Settings.Merge(new() { BucketName = "b", AccessKeyId = "k", SecretAccessKey = "s" }, new()));
    }

    [Fact]
    public void Merge_OwnEndpointOfTheCaller_IsGuardedAndSignedForItsOwnRegion()
    {
        var settings = S3Settings.Merge(new() { EndpointUrl = "https://theirs.example/", AccessKeyId = "k", SecretAccessKey = "s", BucketName = "b" }, Own with { Region = "eu-1" })!;

        Assert.Equal((true, "auto", "https://theirs.example"), (settings.IsCallers, settings.Region, settings.Endpoint));
        Assert.DoesNotContain("own-secret", $"{settings.SecretAccessKey} {settings}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://theirs.example", "", "", true)]
    [InlineData("https://theirs.example", "k", "", true)]
    [InlineData("", "k", "", true)]
    [InlineData("https://theirs.example", "k", "s", false)]
    [InlineData("https://own.example/", "", "", false)]
    [InlineData("", "", "", false)]
    public void Problem_KeysThatWouldGoElsewhere_IsRefused(string endpoint, string key, string secret, bool refused) =>
        Assert.Equal(refused, S3Settings.Problem(new() { EndpointUrl = endpoint, AccessKeyId = key, SecretAccessKey = secret }, Own) is not null);
}
