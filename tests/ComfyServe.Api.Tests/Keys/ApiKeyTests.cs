using System.Security.Cryptography;
using System.Text;
using ComfyServe.Api.Keys;

namespace ComfyServe.Api.Tests.Keys;

public sealed class ApiKeyTests
{
    private const string Ann = "ann-key-0123456789";
    private const string Bob = "bob-key-0123456789";
    private const string Eye = "eye-key-0123456789";

    [Fact]
    public void Parse_PlainHashedAndScoped_AreUnderstood()
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Ann)));

        Assert.True(ApiKey.Parse($"ann:{Ann}").Matches(Ann));
        Assert.True(ApiKey.Parse($"ann:sha256${hash}:run").Matches(Ann));
        Assert.False(ApiKey.Parse($"ann:sha256${hash}").Matches(Bob));
        Assert.False(ApiKey.Parse($"ann:{Ann}:read").MayRun);
    }

    [Theory]
    [InlineData("key-without-a-name-0123")]
    [InlineData("ann:short")]
    [InlineData("ann:ann-key-0123456789:admin")]
    [InlineData("ann:sha256$zz")]
    public void Parse_OtherForms_AreRefused(string text) => Assert.Throws<FormatException>(() => ApiKey.Parse(text));

    [Fact]
    public async Task Calls_WithoutAKey_AreRefusedEverywhereButSignedFiles()
    {
        await using var host = await StartAsync();

        foreach (var path in (string[])["/health", "/queue-info", "/result/x", "/docs", "/openapi.json", "/templates", "/nothing"])
        {
            Assert.Equal(401, (int)(await host.Http.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode);
        }

        Assert.Equal(401, (await host.RunAsync(Workflows.Image)).Status);
        host.Http.DefaultRequestHeaders.Authorization = new("Bearer", Ann);
        var (status, answer) = await host.RunAsync(Workflows.Image);
        Assert.Equal(200, status);
        using var plain = new HttpClient();
        Assert.Equal(200, (int)(await plain.GetAsync((string?)answer["output"]![0]!["url"], TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task Jobs_OfAnotherKey_AreNotThere()
    {
        await using var host = await StartAsync();
        host.Http.DefaultRequestHeaders.Authorization = new("Bearer", Ann);
        await host.RunAsync(Workflows.Image, """, "request_id": "hers" """);
        await host.RestartAsync();

        host.Http.DefaultRequestHeaders.Add("X-API-Key", Bob);

        Assert.Equal(404, (await host.GetAsync("/result/hers")).Status);
        Assert.Equal(404, (await host.PostAsync("/cancel/hers", "{}")).Status);
        host.Http.DefaultRequestHeaders.Clear();
        host.Http.DefaultRequestHeaders.Add("X-API-Key", Ann);
        Assert.Equal(200, (await host.GetAsync("/result/hers")).Status);
    }

    [Fact]
    public async Task ReadKey_MayLookAndNotRun()
    {
        await using var host = await StartAsync();
        host.Http.DefaultRequestHeaders.Add("X-API-Key", Eye);

        Assert.Equal(200, (await host.GetAsync("/queue-info")).Status);
        Assert.Equal(403, (await host.RunAsync(Workflows.Image)).Status);
    }

    private static Task<ApiHost> StartAsync() => ApiHost.StartAsync(o => o.ApiKeys = [ApiKey.Parse($"ann:{Ann}"), ApiKey.Parse($"bob:{Bob}"), ApiKey.Parse($"eye:{Eye}:read")]);
}
