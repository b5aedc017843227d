using ComfyServe.Hosting.Browsers;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Hosting.Tests.Browsers;

public sealed class ActiveContentTests
{
    [Theory]
    [InlineData("text/html; charset=utf-8")]
    [InlineData("application/xhtml+xml")]
    [InlineData("image/svg+xml")]
    [InlineData("application/xml")]
    [InlineData("application/mathml+xml")]
    [InlineData("text/javascript")]
    [InlineData("application/x-javascript")]
    [InlineData("text/css")]
    [InlineData("application/pdf")]
    [InlineData("message/rfc822")]
    [InlineData("multipart/x-mixed-replace")]
    public void Protect_TypeThatABrowserRuns_IsAnUnknownAttachment(string type)
    {
        var context = new DefaultHttpContext();

        var sent = ActiveContent.Protect(context, type, "a\"b.x");

        Assert.Equal("application/octet-stream", sent);
        Assert.Equal("attachment; filename=\"a\\\"b.x\"", context.Response.Headers.ContentDisposition);
        Assert.Equal("nosniff", context.Response.Headers.XContentTypeOptions);
    }

    [Theory]
    [InlineData("image/png")]
    [InlineData("video/mp4")]
    [InlineData("text/plain")]
    [InlineData("application/json")]
    public void Protect_OtherType_IsShown(string type)
    {
        var context = new DefaultHttpContext();

        Assert.Equal(type, ActiveContent.Protect(context, type, "a.x"));
        Assert.Equal("filename=\"a.x\"", context.Response.Headers.ContentDisposition);
        Assert.Equal("nosniff", context.Response.Headers.XContentTypeOptions);
    }

    [Theory]
    [InlineData("image/svg+xml", "image", "cross-site", "image/svg+xml")]
    [InlineData("image/svg+xml", "document", "same-origin", "application/octet-stream")]
    [InlineData("image/svg+xml", "iframe", "same-origin", "application/octet-stream")]
    [InlineData("text/css", "style", "same-origin", "text/css")]
    [InlineData("text/css", "style", "cross-site", "application/octet-stream")]
    [InlineData("text/javascript", "script", "same-origin", "application/octet-stream")]
    public void Protect_PictureOrStyleOfAPage_IsItself(string type, string destination, string site, string expected)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers["Sec-Fetch-Dest"] = destination;
        context.Request.Headers["Sec-Fetch-Site"] = site;

        Assert.Equal(expected, ActiveContent.Protect(context, type, filename: null));
        Assert.Equal("Sec-Fetch-Dest", context.Response.Headers.Vary);
    }
}
