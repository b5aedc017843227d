using System.Security.Cryptography;
using System.Text;
using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Contracts.Tests.Serverless;

public sealed class UrlSignatureTests
{
    [Theory]
    [InlineData("https://203.0.113.7:41234", 42, "454801132945a3342c59811ee8c85c11e130f69fdb02bf73e2d5222729b109f6")]
    [InlineData("http://10.0.0.5:8080", 37, "1ed85e831c4c79ab30a22559e68f351d5426829bf778bf578f98f6ebcc64f043")]
    public void SignedBytes_RecordedUrls_AreTheOriginals(string url, int length, string sha256)
    {
        var bytes = UrlSignature.SignedBytes(url);

        Assert.Equal(length, bytes.Length);
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    [Fact]
    public void SignedBytes_OddCharacters_AreEscapedAsPythonDoes()
    {
        var bytes = UrlSignature.SignedBytes("http://x/é\"\\\n\u0001?a=b&c=<d>'+/\u007f😀");

        Assert.Equal(
            "{\n    \"url\": \"http://x/\\u00e9\\\"\\\\\\n\\u0001?a=b&c=<d>'+/\u007f\\ud83d\\ude00\"\n}",
            Encoding.ASCII.GetString(bytes));
    }

    [Fact]
    public void Sign_SameUrlTwice_IsTheSame344Characters()
    {
        using var key = RSA.Create(2048);

        var first = UrlSignature.Sign(key, "http://10.0.0.5:8080");

        Assert.Equal(344, first.Length);
        Assert.Equal(first, UrlSignature.Sign(key, "http://10.0.0.5:8080"));
    }

    [Fact]
    public void Verify_OtherUrlKeyOrText_Refuses()
    {
        using var key = RSA.Create(2048);
        using var other = RSA.Create(2048);
        var signature = UrlSignature.Sign(key, "http://a:1");

        Assert.True(UrlSignature.Verify(key, "http://a:1", signature));
        Assert.False(UrlSignature.Verify(key, "http://a:2", signature));
        Assert.False(UrlSignature.Verify(other, "http://a:1", signature));
        Assert.False(UrlSignature.Verify(key, "http://a:1", "x"));
        Assert.False(UrlSignature.Verify(key, "http://a:1", null));
        Assert.False(UrlSignature.Verify(key, null, signature));
    }
}
