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
internal sealed partial class WorkerPreparation(string data, Func<string, string?> environment, TimeProvider time, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<WorkerPreparation>();

    /// <summary>Whether there is anything to do.</summary>
    public static bool IsAsked(Func<string, string?> environment) => ProvisioningOptions.IsAsked(environment) || CustomWorker.IsAsked(environment);

    /// <summary>Does it; null when all is well, else the reason.</summary>
    public async Task<string?> RunAsync(WorkerOptions options, CancellationToken cancellationToken)
    {
        if (ProvisioningOptions.IsAsked(environment))
        {
            var provisioning = new ProvisioningOptions { DataFolder = data, Environment = environment };
            var report = await new Provisioner(provisioning, time, loggers).RunAsync(null, cancellationToken);
            if (!report.Succeeded)
            {
                return $"provisioning failed: {report.Reason}";
            }
        }

        if (!CustomWorker.IsAsked(environment))
        {
            return null;
        }

        try
        {
            var worker = await CustomWorker.FetchAsync(environment, Path.Combine(data, "custom-worker"), time, cancellationToken);
            options.CustomFolder = worker.Folder;
            Log.Cloned(_logger, worker.Url, worker.Commit, string.Join(", ", worker.UsedFiles.DefaultIfEmpty("nothing")));
            if (worker.PythonWorker is { } python)
            {
                Log.PythonNotRun(_logger, python);
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
        [LoggerMessage(7030, LogLevel.Information, "Custom worker '{Url}' at commit {Commit}; used of it: {Files}")]
        public static partial void Cloned(ILogger logger, string url, string commit, string files);

        [LoggerMessage(7031, LogLevel.Warning, "Its Python worker '{File}' is not run: this is ComfyServe's worker. To run that one, start it as its own documentation says instead of 'comfyserve worker'")]
        public static partial void PythonNotRun(ILogger logger, string file);
    }
}
