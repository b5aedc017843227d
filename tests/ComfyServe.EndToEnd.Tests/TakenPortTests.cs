using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ComfyServe.Testing.Processes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>Ports that others listen on are named before anything is made, started or printed.</summary>
public sealed class TakenPortTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-ports-");
    private readonly TcpListener _first = new(IPAddress.Loopback, 0);
    private readonly TcpListener _second = new(IPAddress.Loopback, 0);

    public TakenPortTests()
    {
        _first.Start();
        _second.Start();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Data => Path.Combine(_folder.FullName, "data");

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Start_TakenPorts_AllAreNamedAndNothingIsMade()
    {
        string[][] commands =
        [
            ["up", "--data", Data, "--engine-port", Port(_first), "--gateway-port", Port(_second), "--api-port", "0", "--worker-port", "0"],
            ["gateway", "--data", Data, "--port", Port(_first)],
            ["engine", "--data", Data, "--port", Port(_first)],
            ["api", "--data", Data, "--port", Port(_first)],
            ["worker", "--port", "0", "--local-port", Port(_first)],
        ];

        var ends = await Task.WhenAll(commands.Select(EndAsync));

        Assert.All(ends, static end => Assert.Equal(2, end.ExitCode));
        Assert.All(ends, end => Assert.Contains($":{Port(_first)}, for the ", end.Errors, StringComparison.Ordinal));
        Assert.Contains($":{Port(_second)}, for the gateway, is taken by another program", ends[0].Errors, StringComparison.Ordinal);
        Assert.All(ends, static end => Assert.Empty(end.Output));
        Assert.False(File.Exists(Path.Combine(Data, "gateway", "account.key")));
        Assert.False(File.Exists(Path.Combine(Data, "gateway", "gateway.db")));
    }

    private static string Port(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

    private static async Task<(int ExitCode, string Output, string Errors)> EndAsync(string[] command)
    {
        var identity = new Dictionary<string, string> { ["CONTAINER_ID"] = "1", ["MASTER_TOKEN"] = "token", ["REPORT_ADDR"] = "http://127.0.0.1:9" };
        await using var process = ComfyServeProcess.Start(command, identity);
        var exitCode = await process.ExitAsync(Cancellation);
        return (exitCode, process.Output, process.Errors);
    }
}
