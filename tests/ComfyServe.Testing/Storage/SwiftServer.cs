using System.Diagnostics;
using System.Globalization;
using ComfyServe.Hosting;

namespace ComfyServe.Testing.Storage;

/// <summary>OpenStack Swift with its S3 API, from the distribution's packages, on free ports and with a folder of its own. It checks every signature.</summary>
public sealed class SwiftServer : IAsyncDisposable
{
    private const string Python = "/usr/bin/python3"; // the distribution's own: its packages are for no other

    private readonly ServerProcess _process;

    private SwiftServer(ServerProcess process, int port)
    {
        _process = process;
        Endpoint = $"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}";
    }

    /// <summary>The access key id that it knows.</summary>
    public const string Key = "test:tester";

    /// <summary>The secret that belongs to it.</summary>
    public const string Secret = "testing";

    /// <summary>Base URL.</summary>
    public string Endpoint { get; }

    /// <summary>Whether <c>eng/install-test-tools.sh</c> has put it there, which it does for the full check.</summary>
    public static bool IsInstalled => Directory.Exists(Path.Combine(Root, "usr")) && File.Exists(Python);

    private static string Root => Path.Combine(RepositoryRoot.Path, "artifacts", "tools", "swift");

    /// <summary>Starts a server.</summary>
    public static async Task<SwiftServer> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("comfyserve-swift-").FullName;
        var ports = Enumerable.Range(0, 4).Select(static _ => FreePort.Find()).ToArray();
        string[] arguments = [Path.Combine(RepositoryRoot.Path, "eng", "swift-server.py"), folder, .. ports.Select(static p => p.ToString(CultureInfo.InvariantCulture))];
        var start = new ProcessStartInfo(Python, arguments);
        start.Environment["PYTHONPATH"] = Path.Combine(Root, "usr", "lib", "python3", "dist-packages");
        start.Environment["LD_LIBRARY_PATH"] = Path.Combine(Root, "usr", "lib", "x86_64-linux-gnu");
        start.Environment["PYTHONWARNINGS"] = "ignore";
        start.Environment["USER"] = Environment.UserName;
        var server = new SwiftServer(ServerProcess.Start(start, folder), ports[0]);
        await server._process.ReadyAsync(server.Endpoint, static _ => true);
        return server;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
