using System.Text.Json;
using ComfyServe.Testing;
using ComfyServe.Testing.Browsers;
using ComfyServe.Testing.Processes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary><c>comfyserve up</c>: the fleet on one machine, and a request through its gateway.</summary>
public sealed class UpVerbTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-e2e");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Up_RequestThroughTheGateway_SavesThePictureAlsoAfterARestart()
    {
        string key;
        await using (var first = Up())
        {
            var gateway = await first.ReadyAsync(Cancellation);
            key = first.Output.Split('\n').Single(l => l.StartsWith("key ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
            await RunAsync(gateway, key);
            Assert.Equal(0, await first.StopAsync(Cancellation));
        }

        await using var second = Up();
        await RunAsync(await second.ReadyAsync(Cancellation), key);

        Assert.DoesNotContain(key, second.Output, StringComparison.Ordinal);
        Assert.Equal(0, await second.StopAsync(Cancellation));
    }

    [Fact(Timeout = 240_000)]
    public async Task Up_DashboardInABrowser_ShowsThePictureThatAWorkflowMade()
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipWhen(BrowserPage.Program is null, "Chromium is not installed: the page was not looked at in a browser");
        var benchmark = Path.Combine(_folder.FullName, "benchmark.json");
        var sample = await File.ReadAllTextAsync(Path.Combine(RepositoryRoot.Path, "samples", "text-to-image.json"), token);
        await File.WriteAllTextAsync(benchmark, sample.Replace("\"steps\": 20", "\"steps\": 1", StringComparison.Ordinal), token);
        await using var fleet = Up(new Dictionary<string, string> { ["BENCHMARK_JSON_PATH"] = benchmark, ["BENCHMARK_TEST_STEPS"] = "some", ["COMFYSERVE_ADMIN_KEY"] = "account-key" });
        var gateway = await fleet.ReadyAsync(token);
        await using var page = await BrowserPage.OpenAsync(token);

        await page.GoAsync(gateway.ToString(), 1440, 900, token);
        await page.EvaluateAsync("document.getElementById('key').value = 'account-key'; document.getElementById('login-form').requestSubmit()", token);
        while (!(bool)(await page.EvaluateAsync("document.querySelector('#workers tbody')?.innerText.includes('idle') ?? false", token))!)
        {
            await Task.Delay(200, token); // the benchmark takes as long as the machine needs; the test's own limit ends it
        }

        await page.EvaluateAsync($"document.getElementById('workflow').value = {JsonSerializer.Serialize(InstantWorkflow.Text)}; document.getElementById('send').requestSubmit()", token);
        await page.UntilAsync("document.querySelector('#pictures img')?.naturalWidth === 16", token);

        Assert.Empty(page.Errors);
        Assert.Contains("'BENCHMARK_TEST_STEPS' is 'some'", fleet.Errors, StringComparison.Ordinal);
        Assert.Contains(benchmark, fleet.Errors, StringComparison.Ordinal); // it was measured with that workflow
        if (Environment.GetEnvironmentVariable("COMFYSERVE_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, "dashboard-up.png"), await page.PictureAsync(token), token);
        }

        Assert.Equal(0, await fleet.StopAsync(token));
    }

    private async Task RunAsync(Uri gateway, string key)
    {
        var workflow = Path.Combine(_folder.FullName, "workflow.json");
        await File.WriteAllTextAsync(workflow, InstantWorkflow.Text, Cancellation);
        var output = Path.Combine(_folder.FullName, Guid.NewGuid().ToString("N"));
        await using var run = ComfyServeProcess.Start(
            ["run", workflow, "--endpoint", "comfyui-json", "--gateway", gateway.ToString(), "--output", output],
            new Dictionary<string, string> { ["COMFYSERVE_API_KEY"] = key });

        Assert.True(await run.ExitAsync(Cancellation) == 0, run.Errors);
        Assert.StartsWith("instant_", Path.GetFileName(Assert.Single(Directory.GetFiles(output))), StringComparison.Ordinal);
    }

    private ComfyServeProcess Up(Dictionary<string, string>? environment = null) => ComfyServeProcess.Start(
        ["up", "--data", Path.Combine(_folder.FullName, "data"), "--engine-port", "0", "--api-port", "0", "--gateway-port", "0", "--worker-port", "0"], environment);
}
