using ComfyServe.Hosting.Outbound;
using ComfyServe.Provisioning.Git;

namespace ComfyServe.Provisioning.CustomWorkers;

/// <summary>
/// The repository of a custom worker (<c>PYWORKER_REPO</c>, <c>PYWORKER_REF</c>): a Python worker that runs instead of ours, or files that ours takes.
/// </summary>
public sealed class CustomWorker
{
    private CustomWorker(string url, string folder, string commit, string? backend)
    {
        Url = ShownUrl.Of(url);
        Folder = folder;
        Commit = commit;
        var own = backend ?? "comfyui-json";
        PythonWorker = ((string[])["worker.py", $"workers/{own}/worker.py", $"workers/{own}/server.py"])
            .FirstOrDefault(f => File.Exists(Path.Combine(folder, f)));
        UsedFiles = [.. ((string[])["benchmark.json", "test_prompts.txt"])
            .SelectMany(f => new[] { $"workers/comfyui-json/misc/{f}", $"misc/{f}" })
            .Where(f => File.Exists(Path.Combine(folder, f)))];
    }

    /// <summary>Where it came from, without secrets.</summary>
    public string Url { get; }

    /// <summary>The working copy.</summary>
    public string Folder { get; }

    /// <summary>The commit that is checked out.</summary>
    public string Commit { get; }

    /// <summary>The Python worker that the repository has; null where it has none.</summary>
    public string? PythonWorker { get; }

    /// <summary>The name by which Python runs it as a module; null where there is none.</summary>
    public string? PythonModule => PythonWorker?[..^".py".Length].Replace('/', '.');

    /// <summary>The files that our worker takes from it.</summary>
    public IReadOnlyList<string> UsedFiles { get; }

    /// <summary>Where the clone of another repository is now that was in its place; null where there was none.</summary>
    public string? FormerClone { get; private init; }

    /// <summary>Whether the environment names a repository.</summary>
    public static bool IsAsked(Func<string, string?> environment) => !string.IsNullOrWhiteSpace(environment("PYWORKER_REPO"));

    /// <summary>Clones the repository into a folder, or moves the clone that is there to the wanted commit.</summary>
    /// <param name="environment">Reads a variable.</param>
    /// <param name="folder">Absolute path of the working copy.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="GitException">It cannot be had; the message says why.</exception>
    public static async Task<CustomWorker> FetchAsync(Func<string, string?> environment, string folder, TimeProvider time, CancellationToken cancellationToken)
    {
        var url = environment("PYWORKER_REPO")!.Trim();
        var reference = environment("PYWORKER_REF") is { Length: > 0 } text ? text.Trim() : null;
        var checkout = new GitCheckout(url, folder) { Overwrite = true, KeepOtherAside = true };
        var commit = await checkout.MoveToAsync(reference, TimeSpan.FromMinutes(10), time, cancellationToken);
        return new CustomWorker(url, folder, commit, environment("BACKEND")) { FormerClone = checkout.MovedTo };
    }
}
