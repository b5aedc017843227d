using ComfyServe.Testing.Processes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary><c>comfyserve up</c>: the fleet on one machine, and a request through its gateway.</summary>
public sealed class UpVerbTests : IDisposable
{
    private const string Instant = """
        {"1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": 255}},
         "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "instant"}}}
        """;

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

    private async Task RunAsync(Uri gateway, string key)
    {
        var workflow = Path.Combine(_folder.FullName, "workflow.json");
        await File.WriteAllTextAsync(workflow, Instant, Cancellation);
        var output = Path.Combine(_folder.FullName, Guid.NewGuid().ToString("N"));
        await using var run = ComfyServeProcess.Start(
            ["run", workflow, "--endpoint", "comfyui-json", "--gateway", gateway.ToString(), "--output", output],
            new Dictionary<string, string> { ["COMFYSERVE_API_KEY"] = key });

        Assert.True(await run.ExitAsync(Cancellation) == 0, run.Errors);
        Assert.StartsWith("instant_", Path.GetFileName(Assert.Single(Directory.GetFiles(output))), StringComparison.Ordinal);
    }

    private ComfyServeProcess Up() => ComfyServeProcess.Start(
        ["up", "--data", Path.Combine(_folder.FullName, "data"), "--engine-port", "0", "--api-port", "0", "--gateway-port", "0", "--worker-port", "0"]);
}
