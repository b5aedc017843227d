using System.Text;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Provisioning.Downloads;
using ComfyServe.Provisioning.Manifest;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Provisioning.Running;

/// <summary>
/// Reads what is wanted (a manifest, and the environment's shortcuts) and brings the machine to it. Running it again does only
/// what is not right yet.
/// </summary>
public sealed partial class Provisioner(ProvisioningOptions options, TimeProvider time, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<Provisioner>();
    private readonly DataPaths _paths = new(options.DataFolder);

    /// <summary>Runs once; failures are in the report. Throws only when cancelled.</summary>
    public async Task<ProvisioningReport> RunAsync(IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        using var batch = new DownloadBatch(_paths.State, options.Environment, options.Downloads, time, loggers);
        var documents = new DocumentSource(batch.Client, options.Downloads, time);

        // 1. Everything that is wanted, with all mistakes.
        ProvisioningManifest manifest;
        try
        {
            var reading = await ReadAsync(documents, cancellationToken);
            if (reading.Mistakes.Count > 0)
            {
                return Ended(new ProvisioningReport { Mistakes = reading.Mistakes });
            }

            manifest = reading.Manifest;
        }
        catch (StepException exception)
        {
            return Ended(Failed("manifest", ShownUrl.Of(ManifestSource ?? ""), exception.Message));
        }

        if (options.CheckOnly)
        {
            using var silent = new ProvisioningLog(null, time);
            return await RunAsync(manifest, batch, documents, silent, progress, cancellationToken);
        }

        // 2. One process at a time for a data folder: several containers may share it.
        try
        {
            Directory.CreateDirectory(_paths.State);
            using var held = await DestinationLock.AcquireAsync(Path.Combine(_paths.State, "run"), options.LockTimeout, time, cancellationToken);
            if (held is null)
            {
                return Ended(Failed("lock", _paths.State, $"another process has been provisioning '{_paths.Data}' for more than {options.LockTimeout}"));
            }

            using var log = new ProvisioningLog(_paths.State, time);
            return Ended(await RunAsync(manifest, batch, documents, log, progress, cancellationToken));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Ended(Failed("state", _paths.State, $"cannot be written: {exception.Message}"));
        }
    }

    private string? ManifestSource => options.Manifest ?? (options.Environment(ProvisioningOptions.ManifestVariable) is { Length: > 0 } source ? source.Trim() : null);

    private static ProvisioningReport Failed(string phase, string name, string message) =>
        new() { Steps = [new StepResult(phase, name, StepOutcome.Failed, message)] };

    private async Task<ManifestReading> ReadAsync(DocumentSource documents, CancellationToken cancellationToken)
    {
        var shortcuts = EnvironmentShortcuts.Read(options.Environment, _paths);
        if (ManifestSource is not { } given)
        {
            return shortcuts;
        }

        var source = SourcePlace.Resolve(given, null);
        var text = Encoding.UTF8.GetString(await documents.ReadAsync(source, cancellationToken));
        var read = ManifestReader.Read(text, source, _paths, options.Environment);
        return new ManifestReading(read.Manifest.With(shortcuts.Manifest), [.. read.Mistakes, .. shortcuts.Mistakes]);
    }

    private Task<ProvisioningReport> RunAsync(
        ProvisioningManifest manifest, DownloadBatch batch, DocumentSource documents, ProvisioningLog log, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string>(manifest.Environment, StringComparer.Ordinal) { ["COMFYSERVE_DATA"] = _paths.Data };
        var context = new StepContext
        {
            Options = options,
            Paths = _paths,
            Memory = StepMemory.Read(_paths.State),
            Processes = new ProcessRunner(log, SecretMask.OfEnvironment(manifest.Environment), time),
            Documents = documents,
            Environment = environment,
        };
        var tokens = new TokenChecks(options.Sites, options.Environment, time);
        return new ProvisioningRun(context, manifest, batch, tokens, time).RunAsync(progress, cancellationToken);
    }

    private ProvisioningReport Ended(ProvisioningReport report)
    {
        if (report.Succeeded)
        {
            Log.Succeeded(_logger, report.Steps.Count(s => s.Outcome == StepOutcome.Done), report.Steps.Count, report.BytesTransferred, report.BytesResumed);
        }
        else
        {
            Log.Failed(_logger, report.Reason);
        }

        return report;
    }

    private static partial class Log
    {
        [LoggerMessage(7010, LogLevel.Information, "Provisioning succeeded: {Done} of {Steps} steps had work, {Transferred} bytes transferred, {Resumed} resumed")]
        public static partial void Succeeded(ILogger logger, int done, int steps, long transferred, long resumed);

        [LoggerMessage(7011, LogLevel.Error, "Provisioning failed: {Reason}")]
        public static partial void Failed(ILogger logger, string? reason);
    }
}
