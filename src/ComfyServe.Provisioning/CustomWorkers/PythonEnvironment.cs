using System.Security.Cryptography;
using System.Text;
using ComfyServe.Provisioning.Running;

namespace ComfyServe.Provisioning.CustomWorkers;

/// <summary>The Python that a worker runs in: the machine's own, or a virtual environment where the repository asks for packages.</summary>
public sealed class PythonEnvironment
{
    private const string Mark = ".comfyserve";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);
    private readonly string _python;
    private readonly string _folder;
    private readonly TimeProvider _time;

    /// <summary>An environment for one worker.</summary>
    /// <param name="python">Path of a Python.</param>
    /// <param name="folder">Where the virtual environment is, or will be.</param>
    /// <param name="time">The clock.</param>
    public PythonEnvironment(string python, string folder, TimeProvider time)
    {
        _python = python;
        _folder = folder;
        _time = time;
    }

    /// <summary>The machine's Python 3, or null.</summary>
    /// <param name="read">Reads PATH.</param>
    public static string? Find(Func<string, string?> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return (read("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Select(static f => Path.Combine(f, "python3")).FirstOrDefault(File.Exists);
    }

    /// <summary>Makes it ready; done again only when packages, their versions or Python itself have changed.</summary>
    /// <param name="worker">The working copy.</param>
    /// <param name="read">Reads a setting.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Path of the Python to run.</returns>
    /// <exception cref="PythonWorkerException">It could not be made.</exception>
    public async Task<string> PrepareAsync(CustomWorker worker, Func<string, string?> read, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(worker);
        ArgumentNullException.ThrowIfNull(read);
        var packages = PythonPackages.Of(worker.Folder, worker.PythonWorker!, read("SDK_VERSION"));
        if (packages.IsEmpty)
        {
            return _python;
        }

        var python = Path.Combine(_folder, "bin", "python");
        var state = await StateAsync(packages, cancellationToken);
        var mark = Path.Combine(_folder, Mark);
        if (File.Exists(mark) && File.Exists(python) && await File.ReadAllTextAsync(mark, cancellationToken) == state)
        {
            return python;
        }

        try
        {
            await MakeAsync(python, packages, worker.Folder, cancellationToken);
            await File.WriteAllTextAsync(mark, state, cancellationToken);
            return python;
        }
        catch (Exception error) when (error is StepException or IOException or UnauthorizedAccessException)
        {
            throw new PythonWorkerException($"the Python environment of the custom worker could not be made: {error.Message}");
        }
    }

    private async Task MakeAsync(string python, PythonPackages packages, string worker, CancellationToken cancellationToken)
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }

        using var log = new ProvisioningLog(Path.GetDirectoryName(_folder), _time);
        var processes = new ProcessRunner(log, SecretMask.OfEnvironment(), _time);
        var made = await processes.RunAsync(new ProcessCommand(_python, "-m", "venv", "--system-site-packages", _folder) { Folder = worker, Timeout = Patience }, cancellationToken);
        made.Check($"'{_python} -m venv' (on Debian and Ubuntu it needs the package python3-venv)", Patience);
        string[] wanted = [.. packages.Files.SelectMany(static f => new[] { "-r", f }), .. packages.SdkRequirement is { } sdk ? new[] { sdk } : []];
        var installed = await processes.RunAsync(
            new ProcessCommand(python, ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", .. wanted]) { Folder = worker, Timeout = Patience }, cancellationToken);
        installed.Check("'pip install'", Patience);
    }

    // By content: a requirements file that changed at another commit is installed, an unchanged one is not installed twice.
    private async Task<string> StateAsync(PythonPackages packages, CancellationToken cancellationToken)
    {
        var text = new StringBuilder(_python).Append('\n').Append(File.ResolveLinkTarget(_python, returnFinalTarget: true)?.FullName).Append('\n').Append(packages.SdkRequirement);
        foreach (var file in packages.Files)
        {
            text.Append('\n').Append(file).Append('\n').Append(await File.ReadAllTextAsync(file, cancellationToken));
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
