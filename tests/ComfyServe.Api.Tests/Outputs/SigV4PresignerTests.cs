using ComfyServe.Api.Outputs.S3;

namespace ComfyServe.Api.Tests.Outputs;

public sealed class SigV4PresignerTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("https://acct.r2.example.com", "my-bucket", "auto", "66f4fac5-3f72-4390-b837-d3e4d961d4f9/ComfyUI_00001_.png", "8d5ae6e408cea1ef4a85d99c11da4fd02eb0cf9450cf9cbf2a1e302e5531f5c3")]
    [InlineData("http://127.0.0.1:9000", "my-bucket", "us-east-1", "abc/a b.png", "3eaec89d57849edc9892da07a91c62968c59c8637d445328a2cf54965fc9b54c")]
    public void Sign_TheSpecsVectors_AreReproduced(string endpoint, string bucket, string region, string key, string signature)
    {
        var url = SigV4Presigner.Sign(Settings(endpoint, bucket, region), key, Now, TimeSpan.FromSeconds(604800));

        Assert.EndsWith($"&X-Amz-Signature={signature}", url, StringComparison.Ordinal);
        Assert.Contains("X-Amz-Expires=604800", url, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain", "https://plain.s3.eu-central-1.amazonaws.com/k.png?")]
    [InlineData("with.dot", "https://s3.eu-central-1.amazonaws.com/with.dot/k.png?")]
    public void Sign_Aws_NamesTheBucketInTheHostUnlessItHasADot(string bucket, string start) =>
        Assert.StartsWith(start, SigV4Presigner.Sign(Settings("", bucket, "eu-central-1"), "k.png", Now, TimeSpan.FromHours(1)), StringComparison.Ordinal);

    private static S3Settings Settings(string endpoint, string bucket, string region) =>
        new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", endpoint, bucket, region, 60, 3, false);
}
