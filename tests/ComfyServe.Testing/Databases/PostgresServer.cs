using System.Diagnostics;
using System.Globalization;
using ComfyServe.Hosting;

namespace ComfyServe.Testing.Databases;

/// <summary>A real PostgreSQL server on a free loopback port, with its data in a temporary folder; installed by <c>eng/install-test-tools.sh</c>.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly string _folder;
    private readonly string _binaries;
    private readonly int _port;

    private PostgresServer(string folder, string binaries, int port)
    {
        _folder = folder;
        _binaries = binaries;
        _port = port;
    }

    /// <summary>Whether the server is installed.</summary>
    public static bool IsInstalled => FindBinaries() is not null;

    /// <summary>Starts a server and waits until it answers.</summary>
    public static async Task<PostgresServer> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("comfyserve-pg-").FullName;
        var server = new PostgresServer(folder, FindBinaries() ?? throw new FileNotFoundException("PostgreSQL is not installed; run eng/install-test-tools.sh"), FreePort.Find());
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", ["postgres", folder]);
        }

        await server.RunAsUserAsync("initdb", ["-D", server.Data, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8"]);
        await server.StartServerAsync();
        return server;
    }

    /// <summary>A connection string for a new, empty database.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"t{Guid.NewGuid():N}";
        await RunAsync(Path.Combine(_binaries, "createdb"), ["-h", "127.0.0.1", "-p", Port, "-U", "postgres", name]);
        return $"Host=127.0.0.1;Port={Port};Username=postgres;Database={name};Timeout=5;Command Timeout=10";
    }

    /// <summary>Ends the server as a power failure does.</summary>
    public Task CrashAsync() => RunAsUserAsync("pg_ctl", ["stop", "-D", Data, "-m", "immediate", "-w"]);

    /// <summary>Starts it again.</summary>
    public Task StartServerAsync() => RunAsUserAsync("pg_ctl",
        ["start", "-D", Data, "-w", "-t", "60", "-l", Path.Combine(_folder, "log"), "-o", $"-p {Port} -k {_folder} -c listen_addresses=127.0.0.1 -c max_connections=200"]);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CrashAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private string Data => Path.Combine(_folder, "data");

    private string Port => _port.ToString(CultureInfo.InvariantCulture);

    /// <summary>The server refuses to run as root.</summary>
    private Task RunAsUserAsync(string program, string[] arguments) => Environment.IsPrivilegedProcess
        ? RunAsync("runuser", ["-u", "postgres", "--", Path.Combine(_binaries, program), .. arguments])
        : RunAsync(Path.Combine(_binaries, program), arguments);

    private static async Task RunAsync(string program, string[] arguments)
    {
        // The server inherits what pg_ctl has: a pipe to us would never end.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >/dev/null 2>&1 </dev/null", "sh", program, .. arguments]) { WorkingDirectory = "/" };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"'{program}' did not start");
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' ended with exit code {process.ExitCode}");
        }
    }

    private static string? FindBinaries() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin")).Where(d => File.Exists(Path.Combine(d, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault()
        : null;
}
