using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using ComfyServe.Testing;
using ComfyServe.Testing.Guides;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>
/// Runs the guides: every block that is not marked, in order, as somebody who follows the page would. Each page has a copy of
/// the repository's face, a home and a network of its own, in which the ports that the guides name are free.
/// </summary>
public sealed class GuideRunTests : IDisposable
{
    private const string GatewayFirst =
        """
        export COMFYSERVE_ADMIN_KEY=ca_guide COMFYSERVE_GATEWAY=http://localhost:8080
        comfyserve gateway --data other >gateway.log 2>&1 </dev/null &
        others=$!
        ready gateway.log $others
        comfyserve endpoints create comfyui-json --min-load 0 --cold-workers 0
        """;

    // What a page takes for granted, and what must be true after it.
    private static readonly Dictionary<string, string> Before = new()
    {
        ["clean-up.md"] = "mkdir -p ~/ComfyUI/output",
        ["fleet.md"] = GatewayFirst.Replace("comfyserve endpoints create comfyui-json --min-load 0 --cold-workers 0", "", StringComparison.Ordinal),
        ["one-desktop.md"] = "mkdir -p ~/ComfyUI/models",
        ["worker.md"] = GatewayFirst,
    };

    private static readonly Dictionary<string, string> After = new()
    {
        ["one-desktop.md"] = "ls out/*.png",
        ["worker.md"] = "curl -fsS http://localhost:3000/ping && comfyserve workers list --endpoint comfyui-json --json | grep '\"id\"'",
    };

    // Packages that a page's builds want: the page has no network, and the folder of packages is the machine's own.
    private static readonly Dictionary<string, string[]> Packages = new()
    {
        ["add-a-node.md"] = ["restore", "samples/node-pack"],
        ["air-gapped.md"] = ["restore", "src/ComfyServe.Cli", "--runtime", "linux-x64", "-p:SelfContained=true"],
    };

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(RecordedData.IsFull ? 40 : 10);
    private readonly string _folder = Directory.CreateTempSubdirectory("comfyserve-guide-").FullName;

    // Which versions of a package there are: NuGet asks that again where the one that a package wants is not served.
    private string Versions => Path.Combine(_folder, "nuget-versions");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Pages() =>
        [.. Directory.GetFiles(GuideBlock.Folder, "*.md").Select(static f => Path.GetFileName(f)).Where(static p => GuideBlock.Read(p).Any(static b => b.NotRun is null)).Order()];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Guide_Followed_DoesWhatItSays(string page)
    {
        var blocks = GuideBlock.Read(page).Where(static b => b.NotRun is null && (RecordedData.IsFull || !b.IsSlow)).ToList();
        Assert.SkipWhen(blocks.Count == 0, "all of it takes minutes; set COMFYSERVE_TEST_FULL=1");
        Assert.SkipUnless(await HasOwnNetworkAsync(), "'unshare --net' and 'ip' are not there or not allowed: the ports of the guides may be taken");
        MakeFace();
        if (RecordedData.IsFull && Packages.TryGetValue(page, out var wanted))
        {
            await FetchAsync(wanted);
        }

        await File.WriteAllTextAsync(Path.Combine(_folder, "guide.sh"), Script(page, blocks), Token);

        var (exitCode, said) = await RunAsync();

        Assert.True(exitCode == 0, $"'{page}' ended with {exitCode}:\n{said}");
    }

    private static string Script(string page, List<GuideBlock> blocks)
    {
        var script = new StringBuilder(
            """
            set -euo pipefail
            ip link set lo up
            serving= others=
            ready() { # LOG PROCESS
              until grep -q '^ready ' "$1"; do
                if ! kill -0 "$2" 2>/dev/null; then echo "ended before it was ready:"; cat "$1"; exit 1; fi
                sleep 0.1
              done
            }
            end() { for p in $serving $others; do kill -TERM $p 2>/dev/null || true; wait $p || true; done; serving= others=; }
            trap 'code=$?; end; exit $code' EXIT
            trap 'echo "line $LINENO: $BASH_COMMAND"' ERR

            """);
        script.AppendLine(Before.GetValueOrDefault(page));
        foreach (var block in blocks)
        {
            script.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"# {block.Page}:{block.Line}");
            foreach (var command in block.Serves ? block.Commands.SkipLast(1) : block.Commands)
            {
                // It tells what is wrong with this machine by its exit code: that is no mistake of the guide.
                script.AppendLine(command.EndsWith("comfyserve doctor", StringComparison.Ordinal) ? $"{command} || [ $? -eq 5 ]" : command);
            }

            if (block.Serves)
            {
                script.AppendLine("if [ -n \"$serving\" ]; then kill -TERM $serving; wait $serving; fi")
                    .AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"{block.Commands[^1]} >serves-{block.Line}.log 2>&1 </dev/null &")
                    .AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"serving=$!\nready serves-{block.Line}.log $serving");
            }
        }

        return script.AppendLine(After.GetValueOrDefault(page)).ToString();
    }

    private static ProcessStartInfo Unshare(params string[] command) => new("unshare", [.. Environment.IsPrivilegedProcess ? (string[])[] : ["--map-root-user"], "--net", "--", .. command])
    {
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };

    private static async Task<bool> HasOwnNetworkAsync()
    {
        try
        {
            using var process = Process.Start(Unshare("ip", "link", "set", "lo", "up"))!;
            await process.WaitForExitAsync(Token);
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private async Task FetchAsync(string[] restore)
    {
        var start = new ProcessStartInfo("dotnet", restore) { WorkingDirectory = _folder, RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["NUGET_HTTP_CACHE_PATH"] = Versions;
        using var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, said);
    }

    private async Task<(int ExitCode, string Said)> RunAsync()
    {
        var start = Unshare("bash", "-c", "exec bash guide.sh >guide.log 2>&1 </dev/null");
        start.WorkingDirectory = _folder;
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["HOME"] = Path.Combine(_folder, "home"),
            ["PATH"] = $"{Path.Combine(_folder, "bin")}:{Environment.GetEnvironmentVariable("PATH")}",
            ["COMFYSERVE_DATA"] = Path.Combine(_folder, "data"),
            ["XDG_CACHE_HOME"] = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(home, ".cache"),
            ["NUGET_PACKAGES"] = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(home, ".nuget", "packages"),
            ["NUGET_HTTP_CACHE_PATH"] = Versions,
            ["NO_COLOR"] = "1",
        })
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await File.ReadAllTextAsync(Path.Combine(_folder, "guide.log"), Token));
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            return (-1, $"not done after {Patience}\n{await File.ReadAllTextAsync(Path.Combine(_folder, "guide.log"), Token)}");
        }
    }

    // The repository as its user sees it, without what was built in it: what a guide builds stays here.
    private void MakeFace()
    {
        foreach (var entry in Directory.GetFileSystemEntries(RepositoryRoot.Path))
        {
            var name = Path.GetFileName(entry);
            if (name is "src" or "samples")
            {
                // Projects need real folders: through links, restoring and building disagree about where a project is.
                CopyFolder(entry, Path.Combine(_folder, name));
            }
            else if (name is not ("artifacts" or "data" or "out" or "comfyserve" or "bin" or ".git"))
            {
                File.CreateSymbolicLink(Path.Combine(_folder, name), entry);
            }
        }

        Directory.CreateDirectory(Path.Combine(_folder, "home"));
        Directory.CreateDirectory(Path.Combine(_folder, "bin"));
        var program = Path.Combine(RepositoryRoot.Path, "artifacts", "bin", "ComfyServe.Cli", "release_linux-x64", "comfyserve.dll");
        foreach (var path in new[] { Path.Combine(_folder, "comfyserve"), Path.Combine(_folder, "bin", "comfyserve") })
        {
            File.WriteAllText(path, $"#!/bin/sh\nexport COMFYSERVE_ROOT=\"${{COMFYSERVE_ROOT:-{RepositoryRoot.Path}}}\"\nexec dotnet {program} \"$@\"\n");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
    }
    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var folder in Directory.GetDirectories(from))
        {
            CopyFolder(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }
}
