using System.Diagnostics;
using System.Text.Json.Nodes;
using ComfyServe.Hosting;
using ComfyServe.Testing;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>The probes that speak the original's client and worker formats, written apart from this code, against a whole gateway.</summary>
public sealed class ProbeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Probes_ClientAndTwoWorkers_AllRequestsSucceedInProportion()
    {
        Assert.SkipWhen(Find("python3") is null, "python3 is not installed");
        Assert.SkipWhen(Find("openssl") is null, "openssl is not installed: the worker probe verifies tickets with it");
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.EndpointAsync("comfyui-json");
        using var slow = await WorkerAsync(gateway, 200);
        using var fast = await WorkerAsync(gateway, 600);
        try
        {
            var (code, text) = await RunAsync(
                "wire_client.py", "--gateway", gateway.Url, "--key", RunningGateway.Key, "--endpoint", "comfyui-json", "-n", "40", "-c", "8", "--cost", "20");

            Assert.True(code == 0, text);
            var result = JsonNode.Parse(text)!;
            var loads = result["load_by_worker"]!.AsObject().Select(l => (double)l.Value!).Order().ToList();
            Assert.Equal(40, (int)result["succeeded"]!);
            Assert.Equal(2, loads.Count);
            Assert.True(loads[1] > loads[0], text); // how much more is ProportionalityTests' matter
        }
        finally
        {
            slow.Kill(entireProcessTree: true);
            fast.Kill(entireProcessTree: true);
        }
    }

    private static async Task<Process> WorkerAsync(RunningGateway gateway, double perf)
    {
        var (id, token) = await gateway.PlaceAsync("comfyui-json");
        var port = FreePort.Find();
        return Process.Start(Start("wire_worker.py", "--gateway", gateway.Url, "--id", $"{id}", "--mtoken", token, "--port", $"{port}", "--perf", $"{perf}"))!;
    }

    private static async Task<(int Code, string Output)> RunAsync(string probe, params string[] arguments)
    {
        using var process = Process.Start(Start(probe, arguments))!;
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var errors = process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, await output + await errors);
    }

    private static ProcessStartInfo Start(string probe, params string[] arguments)
    {
        var path = Path.Combine(RepositoryRoot.Path, "tests", "probes", probe);
        return new ProcessStartInfo("python3", [path, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
    }

    private static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(f => Path.Combine(f, program)).FirstOrDefault(File.Exists);
}
