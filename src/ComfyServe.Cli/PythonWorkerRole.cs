using ComfyServe.Hosting;
using ComfyServe.Provisioning.CustomWorkers;
using ComfyServe.Worker;
using ComfyServe.Worker.Certificates;
using ComfyServe.Worker.Reporting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Cli;

/// <summary>Runs a repository's Python worker in place of ours, as the original's start script does.</summary>
internal sealed partial class PythonWorkerRole(string data, WorkerOptions options, Func<string, string?> environment, TimeProvider time, ILoggerFactory loggers)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);
    private readonly ILogger _logger = loggers.CreateLogger<PythonWorkerRole>();

    /// <summary>Prepares the machine, runs the worker to its end, and tells the gateway where it failed.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="LaunchException">It could not be started; the message says why.</exception>
    public async Task<int> RunAsync(CustomWorker worker, WorkerPreparation preparation, CancellationToken cancellationToken)
    {
        if (await preparation.ProvisionAsync(cancellationToken) is { } reason)
        {
            throw new LaunchException(reason);
        }

        try
        {
            // 1. Python with the packages of the repository.
            var environmentOfPython = new PythonEnvironment(PythonEnvironment.Find(environment)!, Path.Combine(data, ".provisioning", "worker-env"), time);
            var python = await environmentOfPython.PrepareAsync(worker, environment, cancellationToken);
            if (!string.IsNullOrWhiteSpace(environment("SDK_BRANCH")))
            {
                Log.BranchNotUsed(_logger);
            }

            // 2. A certificate where https is wanted: the original's workers read it from its files.
            await CertificateFiles.EnsureAsync(options, time, loggers, cancellationToken);

            // 3. An empty log, in which the word that the API service is ready appears.
            var log = ReadyMark.Begin(options.ApiLog ?? PythonVariables.OriginalLog, Path.Combine(data, "logs", "api-wrapper.log"));
            if (options.ApiLog is null && log != PythonVariables.OriginalLog)
            {
                Log.LogElsewhere(_logger, PythonVariables.OriginalLog, log);
            }

            var variables = PythonVariables.For(environment, worker.Commit, log, data, FreePort.Find);
            Log.Runs(_logger, worker.PythonWorker!, worker.Commit, python, variables["WORKER_PORT"]);
            return await ServeAsync(worker, python, log, variables, cancellationToken);
        }
        catch (PythonWorkerException error)
        {
            throw new LaunchException(error.Message, error);
        }
    }

    private async Task<int> ServeAsync(CustomWorker worker, string python, string log, IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var mark = ReadyMark.WriteWhenHealthyAsync(log, options.Api, time, ended.Token);
        var exitCode = await PythonProcess.RunAsync(python, worker, variables, Grace, time, cancellationToken);
        await ended.CancelAsync();
        try
        {
            await mark;
        }
        catch (OperationCanceledException)
        {
            // The worker ended before the API service was ready.
        }

        if (exitCode == 0)
        {
            return ExitCodes.Success;
        }

        var what = $"the Python worker '{worker.PythonWorker}' ended with exit code {exitCode}; its output says why";
        await LaunchFailure.ReportOnceAsync(options, what, cancellationToken);
        return Verb.Fail(what, ExitCodes.Internal);
    }

    private static partial class Log
    {
        [LoggerMessage(7035, LogLevel.Information, "Running the Python worker '{File}' of commit {Commit} with '{Python}' on port {Port} in place of ComfyServe's own")]
        public static partial void Runs(ILogger logger, string file, string commit, string python, string port);

        [LoggerMessage(7036, LogLevel.Warning, "'{Wanted}' cannot be written here, so '{Used}' is MODEL_LOG: a worker that looks only at the first does not become ready; set MODEL_LOG, or run as a user who may write it")]
        public static partial void LogElsewhere(ILogger logger, string wanted, string used);

        [LoggerMessage(7037, LogLevel.Warning, "SDK_BRANCH is not used: name the SDK in the repository's requirements.txt, or its release in SDK_VERSION")]
        public static partial void BranchNotUsed(ILogger logger);
    }
}
