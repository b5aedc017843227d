using ComfyServe.Api.Inputs;

namespace ComfyServe.Api.Tests.Inputs;

public sealed class InputValueTests
{
    [Theory]
    [InlineData("https://a/b", true)]
    [InlineData("HTTP://A/B", true)]
    [InlineData(" https://a/b", true)]
    [InlineData("https://x y z", true)]
    [InlineData("https://user:pw@h/p", true)]
    [InlineData("s3://b/k", true)]
    [InlineData("a://b", true)]
    [InlineData("file://host/x", true)]
    [InlineData("http://[::1]/x", true)]
    [InlineData("//a/b", false)]
    [InlineData("http:///x", false)]
    [InlineData("http://", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("data:image/png;base64,AAAA", false)]
    [InlineData("mailto:a@b", false)]
    [InlineData("note: see https://a/b", false)]
    [InlineData("http://[bad/x", false)]
    public void IsUrl_TheSpecsLists_AreTold(string value, bool expected) => Assert.Equal(expected, InputValue.IsUrl(value));

    [Fact]
    public void Of_NamesOfFiles_AreNotTakenForBase64()
    {
        Assert.Equal(InputValue.Kind.Name, InputValue.Of("example.png"));
        Assert.Equal(InputValue.Kind.Name, InputValue.Of(new string('a', 64) + ".png"));
        Assert.Equal(InputValue.Kind.Name, InputValue.Of("sub/folder/x.png [output]"));
        Assert.Equal(InputValue.Kind.Base64, InputValue.Of(Convert.ToBase64String(new byte[64])));
        Assert.Equal(InputValue.Kind.DataUri, InputValue.Of("data:image/png;base64,AAAA"));
        Assert.Equal(InputValue.Kind.OtherUrl, InputValue.Of("ftp://a/b"));
    }
}
