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
    [InlineData("https://theirs.example", "", "", "")]
    [InlineData("https://theirs.example", "k", "", "secret_access_key")]
    [InlineData("", "", "s", "access_key_id")]
    [InlineData("https://theirs.example", "k", "s", null)]
    [InlineData("https://own.example/", "", "", null)]
    [InlineData("", "", "", null)]
    public void Problems_KeysThatWouldGoElsewhere_AreRefused(string endpoint, string key, string secret, string? field) =>
        Assert.Equal(field is null ? [] : [field], S3Check.Problems(new() { EndpointUrl = endpoint, AccessKeyId = key, SecretAccessKey = secret }, Own).Select(static p => p.Field ?? ""));

    [Fact]
    public void Problems_WholeOrBlank_AreNone()
    {
        Assert.Empty(S3Check.Problems(null, new()));
        Assert.Empty(S3Check.Problems(new() { ConnectTimeout = 5 }, new()));
        Assert.Empty(S3Check.Problems(new() { AccessKeyId = "AKID", SecretAccessKey = "a/b+c=", BucketName = "my.bucket_1", EndpointUrl = "https://acct.r2.example.com/", Region = "eu-central-1" }, new()));
    }

    [Fact]
    public void Problems_PartOfAStore_NamesWhatIsMissing()
    {
        Assert.Equal(["access_key_id", "secret_access_key"], S3Check.Problems(new() { BucketName = "b" }, new()).Select(static p => p.Field));
        Assert.Equal(["bucket_name"], S3Check.Problems(new() { AccessKeyId = "k", SecretAccessKey = "s" }, new()).Select(static p => p.Field));
        Assert.Equal(3, S3Check.Problems(new() { Region = "auto" }, new()).Count());
        Assert.Empty(S3Check.Problems(new() { Region = "auto" }, Own));
    }

    [Theory]
    [InlineData("endpoint_url", "store.local")]
    [InlineData("endpoint_url", "ftp://s3.example.com")]
    [InlineData("endpoint_url", "https://user:pw@s3.example.com")]
    [InlineData("endpoint_url", "https://s3.example.com/?x=1")]
    [InlineData("endpoint_url", "https:///x")]
    [InlineData("bucket_name", "a/b")]
    [InlineData("bucket_name", "-b")]
    [InlineData("bucket_name", "a..b")]
    [InlineData("bucket_name", "b ")]
    [InlineData("region", "eu 1")]
    [InlineData("region", "../x")]
    [InlineData("access_key_id", "key\n")]
    [InlineData("access_key_id", "clé")]
    [InlineData("secret_access_key", " secret")]
    public void Problems_Malformed_NameTheFieldAndQuoteNothing(string field, string value)
    {
        string Of(string name, string usual) => name == field ? value : usual;

        var problems = S3Check.Problems(new()
        {
            EndpointUrl = Of("endpoint_url", "https://s3.example.com"),
            BucketName = Of("bucket_name", "bucket"),
            Region = Of("region", "auto"),
            AccessKeyId = Of("access_key_id", "key"),
            SecretAccessKey = Of("secret_access_key", "hunter2"),
        }, new());

        var (named, message) = Assert.Single(problems);
        Assert.Equal(field, named);
        Assert.DoesNotContain(value, message, StringComparison.Ordinal);
    }
}
