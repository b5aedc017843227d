using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ComfyServe.Gateway;
using ComfyServe.Testing;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Tests;

/// <summary>The original client's wire format, spoken by a Python program, through our gateway to our worker.</summary>
public sealed class WireClientTests
{
    private const string Key = "account-key";
    private static readonly string[] Pythons = ["/usr/bin/python3", "/usr/local/bin/python3"];

    [Fact]
    public async Task PythonClient_GatewayAndWorker_EveryRequestIsServed()
    {
        var python = Array.Find(Pythons, File.Exists);
        Assert.SkipWhen(python is null, "python3 is not installed");
        var token = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("comfyserve-wire-");
        await using var gateway = GatewayServer.Build(
            new GatewayOptions { Port = 0, AdminKey = Key, DataDirectory = folder.FullName }, static b => b.Logging.ClearProviders());
        await gateway.StartAsync(token);
        var url = gateway.Urls.First();
        using var client = new HttpClient { DefaultRequestHeaders = { { "Authorization", "Bearer " + Key } } };
        using var made = await client.PostAsJsonAsync(url + "/api/v0/endptjobs/", new JsonObject { ["endpoint_name"] = "comfyui-json" }, token);
        made.EnsureSuccessStatusCode();
        using var placed = await client.PostAsync(url + "/api/v1/endpoints/comfyui-json/workers", content: null, token);
        var place = (await placed.Content.ReadFromJsonAsync<JsonObject>(token))!;
        await using var worker = await RunningWorker.StartAsync(perf: 100_000, untilReady: false, change: options =>
        {
            options.Id = (long)place["id"]!;
            options.Mtoken = (string)place["mtoken"]!;
            options.Gateways = [new Uri((string)place["report_addr"]!)];
        });

        using var probe = Process.Start(new ProcessStartInfo(
            python!, [Path.Combine(RepositoryRoot.Path, "tests", "probes", "wire_client.py"), "--gateway", url, "--key", Key, "--endpoint", "comfyui-json", "-n", "20", "-c", "4", "--timeout", "60"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = await probe.StandardOutput.ReadToEndAsync(token) + await probe.StandardError.ReadToEndAsync(token);
        await probe.WaitForExitAsync(token);

        Assert.True(probe.ExitCode == 0, output);
        var result = JsonNode.Parse(output)!;
        Assert.Equal(20, (int)result["succeeded"]!);
        Assert.Equal(2000, (double)result["load_by_worker"]![worker.Url]!);
        Assert.Equal(20, worker.Api.Bodies.Count);
        await gateway.StopAsync(token);
        folder.Delete(recursive: true);
    }
}
