using System.Globalization;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Tests.Outputs;

/// <summary>How long signed URLs are good for, and how to get fresh ones.</summary>
public sealed class UrlLifetimeTests
{
    [Fact]
    public async Task Run_LifetimeChosen_UrlExpiresThen()
    {
        await using var host = await ApiHost.StartAsync();

        var (_, answer) = await host.RunAsync(Workflows.Image, """, "output_url_lifetime": 60 """);

        Assert.InRange(SecondsLeft((string)answer["output"]![0]!["url"]!), 30, 61);
    }

    [Fact]
    public async Task Run_LifetimeChosenForS3_IsInTheSignedQuery()
    {
        await using var store = await Testing.Web.FileServer.StartAsync(static _ => Task.CompletedTask);
        await using var host = await ApiHost.StartAsync(o => o.S3 = new S3Target { AccessKeyId = "k", SecretAccessKey = "s", BucketName = "bucket", EndpointUrl = store.BaseUrl });

        var (_, answer) = await host.RunAsync(Workflows.Image, """, "request_id": "abc", "output_url_lifetime": 60 """);
        var (_, renewed) = await host.GetAsync("/result/abc?url_lifetime=3600");

        Assert.Contains("X-Amz-Expires=60&", (string?)answer["output"]![0]!["url"], StringComparison.Ordinal);
        Assert.Contains("X-Amz-Expires=3600&", (string?)renewed["output"]![0]!["url"], StringComparison.Ordinal);
        Assert.Equal("abc/ComfyUI_00001_.png", (string?)renewed["output"]![0]!["key"]);
    }

    [Fact]
    public async Task Result_UrlsExpired_AreSignedAfreshAlsoAfterARestart()
    {
        await using var host = await ApiHost.StartAsync(static o => o.UrlLifetime = TimeSpan.FromSeconds(-1));
        var (_, answer) = await host.RunAsync(Workflows.Image, """, "request_id": "abc" """);
        Assert.Equal(403, await StatusAsync(host, (string)answer["output"]![0]!["url"]!));

        var (_, renewed) = await host.GetAsync("/result/abc?url_lifetime=60");
        Assert.Equal(200, await StatusAsync(host, (string)renewed["output"]![0]!["url"]!));
        await host.RestartAsync();

        var (_, again) = await host.GetAsync("/result/abc?url_lifetime=60");
        Assert.StartsWith(host.Http.BaseAddress!.ToString(), (string?)again["output"]![0]!["url"], StringComparison.Ordinal);
        Assert.Equal(200, await StatusAsync(host, (string)again["output"]![0]!["url"]!));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("604801")]
    [InlineData("x")]
    public async Task Result_BadLifetime_IsRefused(string lifetime)
    {
        await using var host = await ApiHost.StartAsync();

        Assert.Equal(422, (await host.GetAsync($"/result/abc?url_lifetime={lifetime}")).Status);
    }

    private static async Task<int> StatusAsync(ApiHost host, string url)
    {
        using var response = await host.Http.GetAsync(url, TestContext.Current.CancellationToken);
        return (int)response.StatusCode;
    }

    private static double SecondsLeft(string url)
    {
        var expires = System.Web.HttpUtility.ParseQueryString(new Uri(url).Query)["expires"]!;
        return (DateTimeOffset.FromUnixTimeSeconds(long.Parse(expires, CultureInfo.InvariantCulture)) - TimeProvider.System.GetUtcNow()).TotalSeconds;
    }
}
