using System.Net;
using ComfyServe.Hosting.Browsers;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Hosting.Tests.Browsers;

public sealed class BrowserRulesTests
{
    private const string Own = "127.0.0.1:18288";

    [Theory]
    [InlineData("POST", "cross-site", "https://evil.example", true)]
    [InlineData("POST", "cross-site", "", true)]
    [InlineData("DELETE", "cross-site", "", true)]
    [InlineData("POST", "same-site", "http://127.0.0.1:9000", true)]
    [InlineData("POST", "same-site", "", true)]
    [InlineData("POST", "", "https://evil.example", true)]
    [InlineData("POST", "", "null", true)]
    [InlineData("POST", "", "http://localhost:18288", true)]
    [InlineData("POST", "", "http://127.0.0.1:18289", true)]
    [InlineData("POST", "", "http://127.0.0.1:18288.evil.example", true)]
    [InlineData("POST", "", "http://127.0.0.1:18288@evil.example", true)]
    [InlineData("POST", "", "http://127.0.0.1:18288", false)]
    [InlineData("POST", "", "http://127.0.0.1", false)]
    [InlineData("POST", "same-origin", "https://behind.a.proxy.example", false)]
    [InlineData("POST", "none", "", false)]
    [InlineData("POST", "", "", false)]
    [InlineData("GET", "cross-site", "", false)]
    [InlineData("GET", "cross-site", "https://evil.example", false)]
    [InlineData("OPTIONS", "cross-site", "https://evil.example", false)]
    public void Problem_ByMethodSiteAndOrigin_OnlyForeignChangesAreRefused(string method, string site, string origin, bool expected) =>
        Assert.Equal(expected, Rules().Problem(Request(method, Own, site, origin)) is not null);

    [Theory]
    [InlineData("cross-site", "", true)]
    [InlineData("", "http://evil.example", true)]
    [InlineData("", "http://localhost:18288", true)]
    [InlineData("same-origin", "", false)]
    [InlineData("", "", false)]
    public void Problem_ReadsRefused_ForeignPagesReadNothing(string site, string origin, bool expected) =>
        Assert.Equal(expected, Rules(readsToo: true).Problem(Request("GET", Own, site, origin)) is not null);

    [Fact]
    public void Problem_SocketOfAnotherOrigin_IsRefusedUnderEveryName()
    {
        var request = Request("GET", "gpu.example.org", "", "https://evil.example");
        request.Headers.Upgrade = "websocket";

        Assert.NotNull(Rules(names: "gpu.example.org").Problem(request));
    }

    [Theory]
    [InlineData("https://gpu.example.org", "cross-site", false)]
    [InlineData("https://gpu.example.org:8443", "", false)]
    [InlineData("https://evil.example", "", true)]
    public void Problem_OriginOfAConfiguredName_IsOurOwn(string origin, string site, bool expected) =>
        Assert.Equal(expected, Rules(names: "gpu.example.org").Problem(Request("POST", Own, site, origin)) is not null);

    [Fact]
    public void Problem_EveryNameServed_OtherOriginsStayForeign() =>
        Assert.NotNull(Rules(names: "*").Problem(Request("POST", Own, "", "https://evil.example")));

    [Fact]
    public void Problem_ForeignHost_NamesTheSettingOnlyWhereHostsAreChecked()
    {
        var request = Request("GET", "evil.example:18288", "same-origin", "");

        Assert.Contains("SERVED_HOSTS", Rules().Problem(request), StringComparison.Ordinal);
        Assert.Contains("'evil.example:18288'", Rules().Problem(request), StringComparison.Ordinal);
        Assert.Null(new BrowserRules { Hosts = new ServedHosts(IPAddress.Loopback), ChecksHost = false }.Problem(request));
    }

    [Theory]
    [InlineData("*", "https://any.example", false)]
    [InlineData("https://app.example", "https://app.example", false)]
    [InlineData("https://app.example", "https://evil.example", true)]
    public void Problem_AllowedOrigin_MayDoEverything(string allowed, string origin, bool expected)
    {
        var rules = new BrowserRules { Hosts = new ServedHosts(IPAddress.Loopback), ChecksHost = true, AllowedOrigin = allowed };

        Assert.Equal(expected, rules.Problem(Request("POST", Own, "cross-site", origin)) is not null);
    }

    private static BrowserRules Rules(bool readsToo = false, params string[] names) =>
        new() { Hosts = new ServedHosts(IPAddress.Loopback, names), ChecksHost = true, RefusesReads = readsToo };

    private static HttpRequest Request(string method, string host, string site, string origin)
    {
        var request = new DefaultHttpContext().Request;
        request.Method = method;
        request.Headers.Host = host;
        if (site.Length > 0)
        {
            request.Headers["Sec-Fetch-Site"] = site;
        }

        if (origin.Length > 0)
        {
            request.Headers.Origin = origin;
        }

        return request;
    }
}
