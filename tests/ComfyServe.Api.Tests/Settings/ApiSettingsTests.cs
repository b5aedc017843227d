using ComfyServe.Api.Settings;
using ComfyServe.Testing;

namespace ComfyServe.Api.Tests.Settings;

public sealed class ApiSettingsTests
{
    [Theory]
    [InlineData(null, "http://127.0.0.1:8188")]
    [InlineData("", "http://127.0.0.1:8188")]
    [InlineData("   ", "http://127.0.0.1:8188")]
    [InlineData(",,,", "http://127.0.0.1:8188")]
    [InlineData("  http://a:8188/  ,http://b:8189///", "http://a:8188 http://b:8189")]
    [InlineData("http://b:1,http://a:1,http://b:1/", "http://b:1 http://a:1")]
    public void Read_Backends_AreTrimmedAndEachOnce(string? value, string expected)
    {
        var options = Read(("COMFYUI_BACKENDS", value));

        Assert.Equal(expected.Split(' '), options.Engines);
    }

    [Fact]
    public void Read_SeedPagesVariables_AreTakenOver()
    {
        var options = Read(
            ("S3_ACCESS_KEY_ID", "k"), ("S3_SECRET_ACCESS_KEY", "s"), ("S3_BUCKET_NAME", "b"), ("S3_ENDPOINT_URL", "https://e.example/"), ("S3_REGION", "r"),
            ("WEBHOOK_URL", "https://hook.example/x"), ("INCLUDE_COMFYUI_RESPONSE", "false"), ("MAX_QUEUE_SIZE", "7"), ("API_CACHE_TTL", "60"));

        Assert.Equal(("k", "s", "b", "https://e.example", "r"), (options.S3.AccessKeyId, options.S3.SecretAccessKey, options.S3.BucketName, options.S3.EndpointUrl, options.S3.Region));
        Assert.Equal(("https://hook.example/x", false, 7, TimeSpan.FromMinutes(1)), (options.Webhook.Url, options.IncludeComfyResponse, options.MaxQueueSize, options.ResultLifetime));
    }

    [Fact]
    public void Read_SeveralMistakes_NamesAllAndQuotesNone()
    {
        var failure = Assert.Throws<ApiSettingsException>(() => Read(
            ("MAX_QUEUE_SIZE", "hunter2"), ("S3_ENDPOINT_URL", "hunter2"), ("API_KEYS", "hunter2"), ("API_CACHE", "redis"), ("WEBHOOK_TIMEOUT", "-1")));

        Assert.Equal(["MAX_QUEUE_SIZE", "S3_ENDPOINT_URL", "WEBHOOK_TIMEOUT", "API_KEYS", "API_CACHE"], failure.Problems.Select(p => p.Split(' ')[0]));
        Assert.DoesNotContain("hunter2", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_ThingsThatDoNotFit_AreAllNamed()
    {
        var options = new ApiOptions { Host = "0.0.0.0", Engines = [], OutputKeyTemplate = "x", AllowedHosts = ["http://x"], S3 = new() { AccessKeyId = "k" } };

        var failure = Assert.Throws<ApiSettingsException>(() => ApiSettings.Check(options));

        Assert.Equal(5, failure.Problems.Count);
    }

    [Theory]
    [InlineData("127.0.0.1", false, true)]
    [InlineData("::1", false, true)]
    [InlineData("0.0.0.0", false, false)]
    [InlineData("0.0.0.0", true, true)]
    public void Check_NoKeys_IsOnlyForLoopbackOrOnRequest(string host, bool anonymous, bool accepted)
    {
        var options = new ApiOptions { Host = host, AllowAnonymous = anonymous };

        Assert.Equal(accepted, Record.Exception(() => ApiSettings.Check(options)) is null);
    }

    [Fact]
    public async Task Reference_IsWhatTheSettingsSay()
    {
        var page = Path.Combine(RepositoryRoot.Path, "docs", "reference", "api-settings.md");
        var expected = ApiSettings.Document();
        var found = File.Exists(page) ? await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken) : "";
        if (found != expected)
        {
            await File.WriteAllTextAsync(page, expected, TestContext.Current.CancellationToken);
        }

        Assert.Equal(expected, found); // The page was written anew: commit it.
    }

    private static ApiOptions Read(params (string Name, string? Value)[] variables)
    {
        var options = new ApiOptions();
        ApiSettings.Read(options, name => Array.Find(variables, v => v.Name == name).Value);
        return options;
    }
}
