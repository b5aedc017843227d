using System.Net.Http.Headers;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Provisioning.Downloads;

namespace ComfyServe.Provisioning.Tests.Downloads;

public sealed class DownloadRulesTests
{
    private static readonly HostTokens Tokens = HostTokens.From("hf", "civ");

    [Theory]
    [InlineData("https://huggingface.co/a/b/resolve/main/c", "hf")]
    [InlineData("https://HuggingFace.co/a", "hf")]
    [InlineData("http://huggingface.co/a", null)]
    [InlineData("https://cdn-lfs.huggingface.co/a", null)]
    [InlineData("https://huggingface.co.evil.example/a", null)]
    [InlineData("https://evil.example/huggingface.co", null)]
    [InlineData("https://huggingface.co@evil.example/a", null)]
    [InlineData("https://civitai.com/api/download/models/1", "civ")]
    [InlineData("https://www.civitai.com/api", "civ")]
    [InlineData("https://notcivitai.com/api", null)]
    public void For_Url_OnlyItsOwnHostGetsTheToken(string url, string? token) => Assert.Equal(token, Tokens.For(new Uri(url)));

    [Fact]
    public void From_NoTokens_SendsNone() => Assert.Null(HostTokens.From(" ", null).For(new Uri("https://huggingface.co/a")));

    [Fact]
    public void Next_FailuresInARow_DoublesAndEnds()
    {
        var plan = new RetryPlan(5, TimeSpan.FromSeconds(2), 2);

        var delays = Enumerable.Range(1, 5).Select(n => plan.Next(n, null, 0)?.TotalSeconds);

        Assert.Equal([2, 4, 8, 16, null], delays);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(30, 30)]
    [InlineData(601, null)]
    public void Next_ServerAsksToWait_WaitsAtLeastThat(int asked, int? seconds)
    {
        var plan = new RetryPlan(5, TimeSpan.FromSeconds(2), 2);

        Assert.Equal(seconds, (int?)plan.Next(1, TimeSpan.FromSeconds(asked), 0)?.TotalSeconds);
    }

    [Theory]
    [InlineData(null, "https://x.example/a/model.safetensors?token=1", "model.safetensors")]
    [InlineData("attachment; filename=\"style.pt\"", "https://x.example/1", "style.pt")]
    [InlineData("attachment; filename=\"../../etc/passwd\"", "https://x.example/1", "passwd")]
    [InlineData("attachment; filename=\"..\\\\..\\\\boot.ini\"", "https://x.example/1", "boot.ini")]
    [InlineData("attachment; filename=\".bashrc\"", "https://x.example/1", "1")]
    [InlineData("attachment; filename=\"..\"", "https://x.example/..", null)]
    [InlineData("attachment; filename*=UTF-8''caf%C3%A9.pt", "https://x.example/1", "café.pt")]
    [InlineData(null, "https://x.example/a%2F..%2F..%2Fb", "b")]
    public void Of_ServersName_IsAPlainNameOrNone(string? disposition, string url, string? name)
    {
        var header = disposition is null ? null : ContentDispositionHeaderValue.Parse(disposition);

        Assert.Equal(name, DestinationName.Of(header, new Uri(url)));
    }

    [Fact]
    public void Of_UrlWithSecrets_ShowsNeitherUserNorQuery() =>
        Assert.Equal("https://x.example:8443/a/b", ShownUrl.Of("https://user:pass@x.example:8443/a/b?token=1#f"));
}
