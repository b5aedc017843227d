using System.Diagnostics;
using System.Globalization;
using System.Net;
using ComfyServe.Hosting;

namespace ComfyServe.Testing.Storage;

/// <summary>An S3-compatible server from npm (<c>s3rver</c>) on a free port, with a folder of its own and the bucket <c>bucket</c>.</summary>
public sealed class S3Server : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _folder;

    private S3Server(Process process, string folder, int port)
    {
        _process = process;
        _folder = folder;
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
        var start = new ProcessStartInfo(Program()!) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in (string[])["-d", folder, "-a", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "--configure-bucket", "bucket", "--no-vhost-buckets"])
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var server = new S3Server(process, folder, port);
        await server.ReadyAsync();
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task ReadyAsync()
    {
        using var http = new HttpClient();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                // The server answers a moment before it has made its bucket.
                using var answer = await http.GetAsync($"{Endpoint}/bucket", patience.Token);
                if (answer.StatusCode != HttpStatusCode.NotFound)
                {
                    return;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, patience.Token);
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, patience.Token);
            }
        }
    }
}
