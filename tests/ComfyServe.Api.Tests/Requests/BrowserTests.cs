using ComfyServe.Api.Keys;
using ComfyServe.Testing.Web;

namespace ComfyServe.Api.Tests.Requests;

/// <summary>What web pages of other sites can do with the service.</summary>
public sealed class BrowserTests
{
    private const string Key = "ann-key-0123456789";

    [Theory]
    [InlineData("rebound.example", false, 403)]
    [InlineData("192.0.2.7:18288", false, 403)]
    [InlineData("localhost:18288", false, 200)]
    [InlineData("api.example.org", false, 200)]
    [InlineData("public.example.org", false, 200)]
    [InlineData("rebound.example", true, 200)]
    public async Task Get_ForeignHost_IsServedWithKeysOnly(string host, bool withKeys, int expected)
    {
        await using var service = await ApiHost.StartAsync(o =>
        {
            o.ServedHosts = ["api.example.org"];
            o.PublicUrl = "https://public.example.org";
            o.ApiKeys = withKeys ? [ApiKey.Parse($"ann:{Key}")] : [];
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/queue-info") { Headers = { { "X-API-Key", Key } } };
        request.Headers.Host = host;

        using var answer = await service.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(expected, (int)answer.StatusCode);
        Assert.Equal(expected == 403, (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Contains("SERVED_HOSTS", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    public async Task Post_FromAnotherSite_IsRefusedWithAndWithoutKeys(string header, string value)
    {
        foreach (var key in (string?[])[null, Key])
        {
            await using var service = await ApiHost.StartAsync(o => o.ApiKeys = key is null ? [] : [ApiKey.Parse($"ann:{key}")]);
            service.Http.DefaultRequestHeaders.Add("X-API-Key", Key);

            var (status, answer) = await service.PostAsync("/generate", ApiHost.Body(Workflows.Image), header, value);

            Assert.Equal(403, status);
            Assert.Contains("SERVED_HOSTS", (string?)answer["detail"], StringComparison.Ordinal);
            Assert.Empty(service.Engine.Submitted);
        }
    }

    [Fact]
    public async Task EveryRoute_WithoutKeys_RefusesForeignNamesAndForeignChanges()
    {
        await using var service = await ApiHost.StartAsync();
        var values = ((string[])["request_id", "key", "name", "documentName"]).ToDictionary(name => name, _ => (string[])["x"]);

        foreach (var route in ServedRoute.Of(service.Services))
        {
            foreach (var (header, value) in ((string, string)[])[("Host", "rebound.example"), ("Origin", "https://evil.example")])
            {
                using var request = new HttpRequestMessage(new HttpMethod(route.Method), route.Paths(values)[0]);
                request.Headers.TryAddWithoutValidation(header, value);
                using var answer = await service.Http.SendAsync(request, TestContext.Current.CancellationToken);

                Assert.True((int)answer.StatusCode == 403 || (header == "Origin" && route.Method is "GET" or "HEAD" or "OPTIONS"), $"{route} with {header}: {(int)answer.StatusCode}");
            }
        }
    }

    [Theory]
    [InlineData("10.0.0.7:3000", "https", "https://10.0.0.7:3000/")]
    [InlineData("worker.example", "", "http://worker.example/")]
    [InlineData("evil.example/path?", "", null)]
    [InlineData("user@evil.example", "", null)]
    public async Task Generate_Forwarded_TellsUrlsOfTheAddressThatTheCallerCalled(string host, string scheme, string? expected)
    {
        await using var service = await ApiHost.StartAsync();
        service.Http.DefaultRequestHeaders.Add("X-Forwarded-Host", host);
        if (scheme.Length > 0)
        {
            service.Http.DefaultRequestHeaders.Add("X-Forwarded-Proto", scheme);
        }

        var (_, answer) = await service.RunAsync(Workflows.Image);

        Assert.StartsWith(expected ?? service.Http.BaseAddress!.AbsoluteUri, (string?)answer["output"]![0]!["url"], StringComparison.Ordinal);
    }
}
