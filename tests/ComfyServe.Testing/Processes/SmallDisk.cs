using System.Diagnostics;
using System.Globalization;

namespace ComfyServe.Testing.Processes;

/// <summary>A file system of a few MiB, in memory, that one process sees in place of a folder: a disk that can really be full.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Megabytes">Its size.</param>
public sealed record SmallDisk(string Folder, int Megabytes)
{
    /// <summary>What runs the process with it: a mount namespace of its own.</summary>
    internal IReadOnlyList<string> Prefix =>
        ["-Urm", "sh", "-c", $"mount -t tmpfs -o size={Megabytes.ToString(CultureInfo.InvariantCulture)}m tmpfs \"$0\" && exec dotnet \"$@\"", Folder];

    /// <summary>Whether this machine allows it.</summary>
    public static async Task<bool> IsPossibleAsync()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/unshare"))
        {
            return false;
        }

        var start = new ProcessStartInfo("/usr/bin/unshare", ["-Urm", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", Path.GetTempPath()])
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        _ = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }

    /// <summary>Path from outside to a file on the disk of a running process.</summary>
    /// <param name="process">The process that was started with this disk.</param>
    /// <param name="name">Path below the folder.</param>
    public string PathOf(ComfyServeProcess process, string name) =>
        $"/proc/{process.Id.ToString(CultureInfo.InvariantCulture)}/root{Path.Combine(Folder, name)}";
}
