using System.Diagnostics;
using System.Text;

namespace ComfyServe.Testing.Processes;

/// <summary>A running <c>comfyserve</c>, started as a user would start it. Disposing ends it.</summary>
public sealed class ComfyServeProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly TaskCompletionSource<Uri> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ComfyServeProcess(Process process)
    {
        _process = process;
        _process.OutputDataReceived += (_, line) => OnOutput(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
        _process.Exited += (_, _) => _ready.TrySetException(new InvalidOperationException($"comfyserve ended before it was ready: {Errors}"));
        _process.EnableRaisingEvents = true;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>Standard output so far.</summary>
    public string Output => Read(_output);

    /// <summary>Standard error so far.</summary>
    public string Errors => Read(_errors);

    /// <summary>Starts the built program.</summary>
    /// <param name="arguments">Verb and options.</param>
    /// <param name="environment">Variables on top of this process's.</param>
    /// <param name="disk">A disk that this process alone sees, see <see cref="SmallDisk"/>.</param>
    /// <param name="folder">Its working folder; null is the repository.</param>
    /// <param name="dataLimit">Most bytes of memory (<c>ulimit -d</c>); null for no limit. Not together with a disk.</param>
    public static ComfyServeProcess Start(
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        SmallDisk? disk = null,
        string? folder = null,
        long? dataLimit = null)
    {
        var start = new ProcessStartInfo(disk is not null ? "unshare" : dataLimit is null ? "dotnet" : "prlimit")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder ?? RepositoryRoot.Path,
        };
        foreach (var argument in disk?.Prefix ?? [])
        {
            start.ArgumentList.Add(argument);
        }

        if (dataLimit is not null)
        {
            start.ArgumentList.Add($"--data={dataLimit}");
            start.ArgumentList.Add("dotnet");
        }

        start.ArgumentList.Add(Path.Combine(RepositoryRoot.Path, "artifacts", "bin", "ComfyServe.Cli", "release_linux-x64", "comfyserve.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["COMFYSERVE_ROOT"] = RepositoryRoot.Path;
        start.Environment["NO_COLOR"] = "1";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new ComfyServeProcess(new Process { StartInfo = start });
    }

    /// <summary>Waits for the line <c>ready URL</c>.</summary>
    public Task<Uri> ReadyAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);

    /// <summary>Asks the process to stop (SIGTERM) and waits.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> StopAsync(CancellationToken cancellationToken)
    {
        if (!_process.HasExited)
        {
            Signal.Send(_process, Signal.Terminate);
        }

        return ExitAsync(cancellationToken);
    }

    /// <summary>Ends the process at once (SIGKILL), as a crash would.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(cancellationToken);
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> ExitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken).WaitAsync(TimeSpan.FromMinutes(3), cancellationToken);
        return _process.ExitCode;
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
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private static void Append(StringBuilder text, string? line)
    {
        if (line is not null)
        {
            lock (text)
            {
                text.AppendLine(line);
            }
        }
    }

    private void OnOutput(string? line)
    {
        Append(_output, line);
        if (line?.StartsWith("ready ", StringComparison.Ordinal) == true)
        {
            _ready.TrySetResult(new Uri(line["ready ".Length..]));
        }
    }
}
