using System.CommandLine;
using ComfyServe.Api;
using ComfyServe.Engine;
using ComfyServe.Hosting.Logging;
using ComfyServe.Provisioning.CustomWorkers;
using ComfyServe.Worker;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve stack</c>: engine, API service and worker of one GPU slot in one process; what a gateway's process provider starts.</summary>
internal static class StackVerb
{
    public static Command Build()
    {
        var folder = new Option<string?>("--folder")
        {
            Description = "Folder for what this stack keeps: input, output, benchmark (default: the working folder); models come from the data folder",
            HelpName = "DIR",
        };
        var data = Options.Data();
        var fp32 = new Option<bool>("--fp32") { Description = "Compute in 32-bit floating point" };
        var command = Verb.Create(
            "stack",
            "Runs engine, API service and worker in one process and joins a gateway; CONTAINER_ID, MASTER_TOKEN and REPORT_ADDR say who it is",
            "CONTAINER_ID=7 MASTER_TOKEN=… REPORT_ADDR=http://gateway:8080 WORKER_PORT=0 comfyserve stack");
        command.Options.Add(folder);
        command.Options.Add(data);
        command.Options.Add(fp32);
        return command.Does((parsed, cancellationToken) => RunAsync(
            Path.GetFullPath(parsed.GetValue(folder) ?? Environment.CurrentDirectory), DataFolder.Resolve(parsed.GetValue(data)), parsed.GetValue(fp32), cancellationToken));
    }

    private static async Task<int> RunAsync(string folder, string data, bool fp32, CancellationToken cancellationToken)
    {
        // Who it is comes first: a wrong variable should not cost the start of an engine.
        var options = WorkerVerb.Settings(Environment.GetEnvironmentVariable);
        options.Folder = folder;
        Directory.CreateDirectory(folder);
        using var loggers = LoggerFactory.Create(static logging => logging.AddServiceLogging());
        Prepare(options, data, folder, loggers);
        var models = Path.Combine(data, "models");
        await using var engine = EngineServer.Build(new EngineOptions
        {
            Port = 0,
            DataFolder = folder,
            ExtraModelFolders = [.. Directory.Exists(models) ? new[] { models } : [], .. DataFolder.BuiltInModels()],
            Fp32 = fp32,
            ServedHosts = HostNames.Read(),
        });
        await Role.StartAsync(engine, cancellationToken);
        var settings = ApiVerb.Settings(data, [Role.Url(engine)], "127.0.0.1", 0);
        settings.DataFolder = Path.Combine(folder, "api");
        await using var api = ApiServer.Build(settings);
        await Role.StartAsync(api, cancellationToken);
        options.Api = new Uri(Role.Url(api));
        await using var worker = WorkerServer.Build(options);
        await Role.StartAsync(worker, cancellationToken);
        Console.WriteLine($"ready {Role.Url(worker)}");
        await Role.UntilStoppedAsync(worker, cancellationToken);
        await worker.StopAsync(CancellationToken.None);
        await api.StopAsync(CancellationToken.None);
        await engine.StopAsync(CancellationToken.None);
        return ExitCodes.Success;
    }

    // With the variables that the gateway hands to every worker; stacks of one data folder provision it one after another.
    private static void Prepare(WorkerOptions options, string data, string folder, ILoggerFactory loggers)
    {
        Func<string, string?> environment = Environment.GetEnvironmentVariable;
        if (!WorkerPreparation.IsAsked(environment))
        {
            return;
        }

        var preparation = new WorkerPreparation(data, Path.Combine(folder, "custom-worker"), environment, TimeProvider.System, loggers);
        options.Prepare = token => preparation.RunAsync(options, token);
        if (CustomWorker.IsAsked(environment))
        {
            preparation.WithoutPython();
        }
    }
}
