using System.Diagnostics;
using System.Globalization;
using System.Net;
using ComfyServe.Hosting;

namespace ComfyServe.Testing.Storage;

/// <summary>An S3-compatible server from npm (<c>s3rver</c>) on a free port, with a folder of its own and the bucket <c>bucket</c>.</summary>
public sealed class S3Server : IAsyncDisposable
{
    private readonly ServerProcess _process;

    private S3Server(ServerProcess process, int port)
    {
        _process = process;
        Endpoint = $"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}";
    }

    /// <summary>The access key id that it knows.</summary>
    public const string Key = "S3RVER";

    /// <summary>The secret that belongs to it.</summary>
    public const string Secret = "S3RVER";

    /// <summary>Base URL.</summary>
    public string Endpoint { get; }

    /// <summary>The program, or null where it is not installed (<c>eng/install-test-tools.sh</c>).</summary>
    public static string? Program()
    {
        var path = Path.Combine(RepositoryRoot.Path, "artifacts", "tools", "s3rver", "node_modules", ".bin", "s3rver");
        return File.Exists(path) ? path : null;
    }

    /// <summary>Starts a server.</summary>
    public static async Task<S3Server> StartAsync()
    {
        var port = FreePort.Find();
        var folder = Directory.CreateTempSubdirectory("comfyserve-s3-").FullName;
        var start = new ProcessStartInfo(Program()!);
        foreach (var argument in (string[])["-d", folder, "-a", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "--configure-bucket", "bucket", "--no-vhost-buckets"])
        {
            start.ArgumentList.Add(argument);
        }

        var server = new S3Server(ServerProcess.Start(start, folder), port);
        // The server answers a moment before it has made its bucket.
        await server._process.ReadyAsync($"{server.Endpoint}/bucket", static answer => answer.StatusCode != HttpStatusCode.NotFound);
        return server;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
