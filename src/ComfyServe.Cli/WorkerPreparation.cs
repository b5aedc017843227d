using ComfyServe.Provisioning.CustomWorkers;
using ComfyServe.Provisioning.Git;
using ComfyServe.Provisioning.Running;
using ComfyServe.Worker;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Cli;

/// <summary>
/// What a worker does before it measures itself: provisions the machine, and clones the repository of a custom worker, where
/// the environment asks for them. With a failure it does not become ready, and reports the reason.
/// </summary>
/// <param name="data">The data folder, which is provisioned.</param>
/// <param name="clone">Folder for the custom worker's repository.</param>
/// <param name="environment">Reads a setting.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">Where it is told.</param>
internal sealed partial class WorkerPreparation(string data, string clone, Func<string, string?> environment, TimeProvider time, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<WorkerPreparation>();
    private CustomWorker? _custom;

    /// <summary>Whether there is anything to do.</summary>
    public static bool IsAsked(Func<string, string?> environment) => ProvisioningOptions.IsAsked(environment) || CustomWorker.IsAsked(environment);

    /// <summary>The Python worker that is to run instead of ours; null where ours runs, and then the log says why.</summary>
    public async Task<CustomWorker?> PythonWorkerAsync(CancellationToken cancellationToken)
    {
        if (!CustomWorker.IsAsked(environment) || await CloneAsync(cancellationToken) is not null || _custom is not { PythonWorker: { } file } custom)
        {
            return null;
        }

        if (string.Equals(environment("COMFYSERVE_PYTHON_WORKER")?.Trim(), "false", StringComparison.OrdinalIgnoreCase))
        {
            Log.PythonNotWanted(_logger, file);
            return null;
        }

        if (PythonEnvironment.Find(environment) is null)
        {
            Log.PythonNotThere(_logger, file);
            return null;
        }

        return custom;
    }

    /// <summary>Does it for our own worker; null when all is well, else the reason.</summary>
    public async Task<string?> RunAsync(WorkerOptions options, CancellationToken cancellationToken)
    {
        if (await ProvisionAsync(cancellationToken) is { } reason)
        {
            return reason;
        }

        if (!CustomWorker.IsAsked(environment))
        {
            return null;
        }

        if (await CloneAsync(cancellationToken) is { } fault)
        {
            return fault;
        }

        options.CustomFolder = _custom!.Folder;
        Log.Used(_logger, string.Join(", ", _custom.UsedFiles.DefaultIfEmpty("nothing")));
        return null;
    }

    /// <summary>Provisions the machine where the environment asks for it; null when all is well, else the reason.</summary>
    public async Task<string?> ProvisionAsync(CancellationToken cancellationToken)
    {
        if (!ProvisioningOptions.IsAsked(environment))
        {
            return null;
        }

        var provisioning = new ProvisioningOptions { DataFolder = data, Environment = environment };
        var report = await new Provisioner(provisioning, time, loggers).RunAsync(null, cancellationToken);
        return report.Succeeded ? null : $"provisioning failed: {report.Reason}";
    }

    /// <summary>Has our own worker say that a Python worker of the repository does not run here.</summary>
    public void WithoutPython() => Log.PythonNotHere(_logger);

    private async Task<string?> CloneAsync(CancellationToken cancellationToken)
    {
        if (_custom is not null)
        {
            return null;
        }

        try
        {
            _custom = await CustomWorker.FetchAsync(environment, clone, time, cancellationToken);
            Log.Cloned(_logger, _custom.Url, _custom.Commit);
            if (_custom.FormerClone is { } former)
            {
                Log.KeptAside(_logger, former);
            }

            return null;
        }
        catch (GitException exception)
        {
            return $"the custom worker could not be cloned: {exception.Message}";
        }
    }

    private static partial class Log
    {
        [LoggerMessage(7030, LogLevel.Information, "Custom worker '{Url}' at commit {Commit}")]
        public static partial void Cloned(ILogger logger, string url, string commit);

        [LoggerMessage(7039, LogLevel.Information, "PYWORKER_REPO names another repository than before; the former clone is kept in '{Folder}'")]
        public static partial void KeptAside(ILogger logger, string folder);

        [LoggerMessage(7031, LogLevel.Warning, "Its Python worker '{File}' is not run, since there is no python3 on PATH: ComfyServe's own worker runs in its place, with the benchmark and prompts of the repository")]
        public static partial void PythonNotThere(ILogger logger, string file);

        [LoggerMessage(7032, LogLevel.Information, "Its Python worker '{File}' is not run, as COMFYSERVE_PYTHON_WORKER=false says: ComfyServe's own worker runs in its place, with the benchmark and prompts of the repository")]
        public static partial void PythonNotWanted(ILogger logger, string file);

        [LoggerMessage(7033, LogLevel.Information, "ComfyServe's own worker runs; used of the repository: {Files}")]
        public static partial void Used(ILogger logger, string files);

        [LoggerMessage(7034, LogLevel.Information, "A Python worker in PYWORKER_REPO is not run by 'comfyserve stack', whose worker is part of the same process; 'comfyserve worker' runs it")]
        public static partial void PythonNotHere(ILogger logger);
    }
}
