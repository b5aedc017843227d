using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ComfyServe.Testing.Browsers;

namespace ComfyServe.Dashboard.Tests;

/// <summary>The dashboard as a browser gets it, and as a browser shows it.</summary>
public sealed partial class DashboardTests(DashboardHost host) : IClassFixture<DashboardHost>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Get_EachFile_ComesWithTypePolicyAndTag()
    {
        foreach (var name in DashboardPages.Files.Append(""))
        {
            using var answer = await host.Client.GetAsync(host.Url + DashboardPages.Path + name, Token);

            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.NotEmpty(await answer.Content.ReadAsByteArrayAsync(Token));
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
            Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            using var again = new HttpRequestMessage(HttpMethod.Get, host.Url + DashboardPages.Path + name) { Headers = { { "If-None-Match", answer.Headers.ETag!.ToString() } } };
            using var same = await host.Client.SendAsync(again, Token);
            Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        }
    }

    [Fact]
    public async Task Get_TheRoot_GoesToTheDashboard()
    {
        using var answer = await host.Client.GetAsync(host.Url + "/", Token);

        Assert.Equal("/dashboard/", answer.Headers.Location?.ToString());
    }

    [Fact]
    public async Task Files_NameNothingOutsideAndNoInlineCode()
    {
        foreach (var name in DashboardPages.Files)
        {
            var text = (await host.Client.GetStringAsync(host.Url + DashboardPages.Path + name, Token)).Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal);

            Assert.DoesNotMatch(Outside(), text);
            Assert.DoesNotMatch(Inline(), text);
            Assert.DoesNotContain("innerHTML", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Calls_OfThePage_ExistAtTheGateway()
    {
        var script = await host.Client.GetStringAsync(host.Url + DashboardPages.Path + "api.js", Token);
        var calls = Call().Matches(script).Select(m => (Method: m.Groups["method"].Value, Path: m.Groups["path"].Value)).ToList();

        Assert.Contains(("GET", "/api/v1/overview/live"), calls);
        foreach (var (method, path) in calls)
        {
            using var message = new HttpRequestMessage(new HttpMethod(method), host.Url + path);
            using var answer = await host.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, Token);

            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode); // it is there, and it wants a key
        }
    }

    [Fact]
    public async Task Overview_ForTheAccount_HasWorkersAndNoKeys()
    {
        var endpoint = (await host.CallAsync(HttpMethod.Get, "/api/v1/overview", null))["endpoints"]!.AsArray().Single()!;

        Assert.Equal("pictures", (string?)endpoint["endpoint_name"]);
        Assert.Single(endpoint["workers"]!.AsArray());
        Assert.DoesNotContain("api_key", endpoint.ToJsonString(), StringComparison.Ordinal);
        var key = (string)(await host.CallAsync(HttpMethod.Get, "/api/v0/endptjobs/", null))["results"]![0]!["api_key"]!;
        using var message = new HttpRequestMessage(HttpMethod.Get, host.Url + "/api/v1/overview") { Headers = { { "Authorization", "Bearer " + key } } };
        using var refused = await host.Client.SendAsync(message, Token);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task Live_Watched_TellsTheFleetAgainAndAgain()
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, host.Url + "/api/v1/overview/live") { Headers = { { "Authorization", "Bearer " + DashboardHost.Key } } };
        using var answer = await host.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, Token);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Token));

        var first = JsonNode.Parse((await lines.ReadLineAsync(Token))!)!;
        var second = JsonNode.Parse((await lines.ReadLineAsync(Token))!)!;

        Assert.InRange((double)second["at"]! - (double)first["at"]!, 0.5, 10);
    }

    [Theory]
    [InlineData(375, 812, "light")]
    [InlineData(1440, 900, "dark")]
    public async Task Page_InABrowser_ShowsTheFleetAndRunsAWorkflow(int width, int height, string colors)
    {
        Assert.SkipWhen(BrowserPage.Program is null, "Chromium is not installed: the page was not looked at in a browser");
        await using var page = await BrowserPage.OpenAsync(Token);
        await page.ColorsAsync(colors, Token);
        await page.GoAsync(host.Url + DashboardPages.Path, width, height, Token);
        await FillAsync(page, "key", DashboardHost.Key);
        await page.EvaluateAsync("document.getElementById('login-form').requestSubmit()", Token);
        await page.UntilAsync("document.querySelector('#workers tbody')?.innerText.includes('idle') && document.getElementById('live').textContent === 'Live'", Token);

        await FillAsync(page, "workflow", """{"1": {"class_type": "EmptyImage", "inputs": {}}}""");
        await page.EvaluateAsync("document.getElementById('send').requestSubmit()", Token);
        await page.UntilAsync("document.getElementById('sent').textContent.endsWith('completed') && document.querySelector('#jobs tbody').innerText.includes('completed')", Token);

        Assert.True((bool)(await page.EvaluateAsync("document.documentElement.scrollWidth <= window.innerWidth", Token))!, "the page is wider than its window");
        Assert.True((bool)(await page.EvaluateAsync("document.getElementById('log').textContent.includes('idle')", Token))!, "the log is empty");
        Assert.True((bool)(await page.EvaluateAsync("sessionStorage.length === 0 && localStorage.length === 0 && document.cookie === ''", Token))!, "the key was stored");
        Assert.Empty(page.Errors);
        await SaveAsync(page, $"dashboard-{width}-{colors}.png");
    }

    [Fact]
    public async Task Page_WithAWrongKey_SaysSo()
    {
        Assert.SkipWhen(BrowserPage.Program is null, "Chromium is not installed: the page was not looked at in a browser");
        await using var page = await BrowserPage.OpenAsync(Token);
        await page.GoAsync(host.Url + DashboardPages.Path, 800, 600, Token);

        await FillAsync(page, "key", "wrong");
        await page.EvaluateAsync("document.getElementById('login-form').requestSubmit()", Token);

        await page.UntilAsync("document.getElementById('login-error').textContent.includes('No valid API key')", Token);
        Assert.True((bool)(await page.EvaluateAsync("document.getElementById('fleet').hidden", Token))!);
        await SaveAsync(page, "dashboard-login.png");
    }

    private static Task<JsonNode?> FillAsync(BrowserPage page, string id, string text) =>
        page.EvaluateAsync($"document.getElementById('{id}').value = {JsonValue.Create(text).ToJsonString()}; true", Token);

    // For a look by eye: COMFYSERVE_SCREENSHOTS names a folder.
    private static async Task SaveAsync(BrowserPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("COMFYSERVE_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, name), await page.PictureAsync(Token), Token);
        }
    }

    [GeneratedRegex("""(?:src|href|import|from|url\()\s*=?\s*["'(]?\s*(?:https?:)?//""", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Outside();

    [GeneratedRegex("""<script>|<style|\sstyle=|\son[a-z]+=["']""", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Inline();

    [GeneratedRegex("""(?:send|read)\("(?<method>GET|POST)", ["`](?<path>/[a-z0-9_/]+)["`]""", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Call();
}
